"""The story of a circuit, with two worker processes: it opens for both, holds, tries, closes; whatever is killed.

These tests build on one another, in this order.
"""

import json
import time
from itertools import pairwise

import pytest

from tests.trouble.two_workers import OPEN_SECONDS, SERVICE, TwoWorkers
from tests.up.running import until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = TwoWorkers(tmp_path_factory.mktemp("story"))
    yield house
    house.end()


def break_it(house, **knobs):
    """Broken, and known to be open: when it opened."""
    house.service.set(SERVICE, **({"failure_rate": 1} | knobs))
    return house.is_now("open")["opened_at"]


def mend_it(house):
    house.service.set(SERVICE, failure_rate=0, hang=False)
    house.is_now("closed")
    house.both_call()


def nothing_arrives(house, opened_at, until_at):
    """So long, no call arrives of anybody, but for those of the two seconds after the opening."""
    until(lambda: time.time() > until_at, "the time to pass")
    late = {name: at - opened_at for name, at in house.last_call().items() if at > opened_at + 2}
    assert {name: after for name, after in late.items() if after < OPEN_SECONDS} == {}


def test_both_processes_call_the_service(house):
    house.is_now("closed")
    house.both_call()


def test_broken_both_stop_calling_it_within_two_seconds(house):
    opened_at = break_it(house)
    assert house.circuit()["state"] == "open"
    nothing_arrives(house, opened_at, opened_at + 5)


def test_meanwhile_calls_are_served_by_the_fallback_and_say_so(house):
    before = house.served_instead()
    until(lambda: house.served_instead() > before, "more calls to be served by the fallback")
    assert house.asked("traffic", "get_traffic")["total"]["failed"] == 0
    said = json.loads(house.manage("job", "recommend", "customer=voss"))
    assert (said["source"], said["degraded"]) == ("rules", True)
    assert said["skipped"][0]["rung"] == "learned"
    assert said["items"]


def test_mended_two_trials_close_it(house):
    house.service.set(SERVICE, failure_rate=0)
    house.is_now("closed")
    assert house.changes()[-2:] == [("open", "half_open"), ("half_open", "closed")]
    house.both_call()


def test_killed_while_it_is_open_a_worker_comes_back_and_knows(house):
    opened_at = break_it(house)
    house.kill("one")
    house.start("one")
    nothing_arrives(house, opened_at, opened_at + OPEN_SECONDS - 3)
    assert house.caller("one") not in house.last_call()
    mend_it(house)


def test_killed_with_a_trial_out_its_place_is_given_to_another(house):
    break_it(house)
    house.service.set(SERVICE, failure_rate=0, hang=True)
    owner = until(house.trials, "a trial to be out")[0]
    killed = house.worker_of(owner)
    assert killed
    house.kill(killed)
    house.service.set(SERVICE, hang=False)
    house.is_now("closed")
    assert house.trials() == []
    house.start(killed)
    house.both_call()


def test_with_temporal_killed_while_it_is_open_both_go_by_what_they_know(house):
    opened_at = break_it(house)
    served = house.served_instead()
    house.kill("temporal")
    nothing_arrives(house, opened_at, opened_at + 6)
    house.start("temporal")
    until(lambda: house.served_instead() > served, "the traffic to go on, and its reports to arrive")
    mend_it(house)


def test_what_is_written_down_is_a_true_story(house):
    assert house.trials() == []
    changes = house.changes()
    assert all(one[1] == next_one[0] for one, next_one in pairwise(changes))
    assert changes.count(("closed", "open")) == changes.count(("half_open", "closed")) == 4
    assert house.row("state") == "closed"
    assert "intact" in house.manage("verify_ledger")
