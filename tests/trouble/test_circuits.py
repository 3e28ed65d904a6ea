"""Callers, workers and Temporal are killed with a circuit in each of its states: what it says stays true."""

import pytest

from tests.trouble.town import Town
from tests.up.running import until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def living():
    return []


@pytest.fixture
def two(town, living):
    """Two processes that call the same service: those of the test before, as far as they are alive."""

    def begin(service):
        callers = [each for each in living if each.serve(service)]
        callers += [town.caller(service) for _ in range(2 - len(callers))]
        living[:] = callers
        return callers

    return begin


def test_what_one_process_has_seen_another_refuses_by(town, two):
    service = town.service()
    one, other = two(service)
    assert other.one() == "ok"
    assert one.do("badly", 6) == ["failed"] * 5 + ["5 failures in a row"]
    until(lambda: other.one() == "5 failures in a row", "the other to refuse")
    assert town.told(service)["state"] == "open"
    assert one.state() == other.state() == "open"


def test_two_processes_close_it_again_when_the_service_is_mended(town, two):
    service = town.service(timeout_seconds=1)
    one, other = two(service)
    one.do("badly", 5)
    town.becomes(service, "open")
    both = (one, other)
    until(lambda: [each.one() for each in both] == ["ok", "ok"] and closed(town, service), "both to call, and close it")


def test_a_trial_of_a_killed_process_gives_its_place_to_another(town, two):
    service = town.service(timeout_seconds=0.5, half_open_attempts=1, probe_lease_seconds=3)
    one, other = two(service)
    one.do("badly", 5)
    town.becomes(service, "half_open")
    until(lambda: one.do("hold") == "held", "a trial to be granted")
    assert len(town.told(service)["probes"]) == 1
    one.kill()
    until(lambda: other.one() == "ok", "the other to be granted a trial")
    town.becomes(service, "closed")
    assert not town.told(service)["probes"]


def test_temporal_is_killed_and_comes_back_and_every_call_counts_once(town, two):
    service = town.service(failure_threshold=100)
    one, other = two(service)
    one.do("begin", 0.005)
    other.do("begin", 0.005)
    until(lambda: (town.counts(service) or {}).get("ok", 0) > 100, "calls to be counted")
    town.temporal.kill()
    until(lambda: not one.do("peek")["temporal"], "the caller to know that Temporal is away")
    town.temporal.start()
    until(lambda: one.do("peek")["temporal"], "the caller to know that Temporal is back")
    made = [each.do("end") for each in (one, other)]
    assert one.do("flush", 60)
    assert other.do("flush", 60)
    want = {name: sum(counts[name] for counts in made) for name in ("ok", "failed", "refused")}
    until(lambda: town.counts(service) == want, f"the entity to have counted {want}")
    assert want["refused"] == 0


STATES = ["closed", "open", "half_open"]


def driven(town, one, state, service):
    """The circuit in this state; half open, with a trial of this process out that nobody will settle."""
    assert one.one() == "ok"
    if state == "closed":
        return
    one.do("badly", 5)
    if state == "half_open":
        town.becomes(service, "half_open")
        until(lambda: one.do("hold") == "held", "a trial to be granted")
    else:
        town.becomes(service, "open")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("victim", ["worker", "temporal"])
def test_whoever_is_killed_in_whatever_state_it_is_true_afterwards_and_closes(town, two, state, victim):
    open_for = 4 if state == "open" else 1
    service = town.service(timeout_seconds=open_for, half_open_attempts=2, probe_lease_seconds=4)
    one, other = two(service)
    driven(town, one, state, service)
    killed = getattr(town, victim)
    killed.kill()
    killed.start()
    if state == "half_open":
        one.kill()  # and its trial with it
    told = until(lambda: town.told(service), "the entity to answer again")
    assert told["totals"]["failed"] == (0 if state == "closed" else 5)
    assert [event["target"] for event in told["transitions"] if event["kind"] == "changed"][:1] == (
        [] if state == "closed" else ["open"]
    )
    assert len(told["probes"]) <= 2
    now = until(lambda: other.one() == "ok" and closed(town, service), "calls to be let through, and close it")
    assert not now["probes"]
    until(lambda: other.state() == "closed" and town.row(service) == ("closed",), "everybody to know it")
    nothing_is_taken_back(told, now)


def closed(town, service):
    told = town.told(service)
    return told if told and told["state"] == "closed" else None


def nothing_is_taken_back(before, after):
    """Nothing that was told has been taken back."""
    assert after["transitions"][: len(before["transitions"])] == before["transitions"]
    assert after["totals"]["ok"] >= before["totals"]["ok"]
