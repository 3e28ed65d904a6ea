"""Steady traffic: jobs called in lanes on the queue for work, through whatever their workers and their jobs do."""

import asyncio
import uuid

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.worker import Replayer

from tests.temporal import until
from worker import registry, sandbox
from worker.converter import CONVERTER
from worker.registry import Callables
from worker.resilience.refusals import CircuitOpen
from worker.traffic import Plan, Stream, Tally, lane_of, read_plan

TRAFFIC = "TrafficWorkflow"


@pytest.fixture
def calls(monkeypatch):
    """What the jobs of these tests were called with."""
    made = []
    known = Callables(reserved=frozenset({"key", "item"}))
    monkeypatch.setattr(registry, "jobs", known)

    @known.register("greet")
    async def greet(*, key: str, name: str = "you"):
        made.append((key, name))
        return {"degraded": name == "somebody"}

    @known.register("refused")
    async def refused():
        raise CircuitOpen("payments", "5 failures in a row")

    @known.register("fails")
    def fails():
        raise ConnectionError("503")

    @known.register("hangs")
    async def hangs():
        made.append("hangs")
        await asyncio.sleep(3_600)

    return made


def stream(job="greet", often=50, *args):
    return {"job": job, "per_second": often, **({"args": list(args)} if args else {})}


def begun(house, *streams, **more):
    plan = {"streams": list(streams) or [stream()], "lanes": 2, "lane_seconds": 2, **more}
    return house.start(plan, workflow=TRAFFIC, id=f"traffic-{uuid.uuid4()}")


def of(handle, calls):
    """Its own calls: a lane of an earlier test calls until it hears that its workflow was ended."""
    return [call for call in calls if call[0].startswith(handle.first_execution_run_id)]


def total(house, handle):
    return house.ask(handle, "get_traffic")["total"]


def test_its_lanes_call_the_job_and_say_what_came_of_it(house, calls):
    handle = begun(house, stream("greet", 50, {"name": "a"}, {"name": "somebody"}), stream("refused"), stream("fails"))
    found = until(lambda: (now := total(house, handle))["served"] and now["failed"] and now, what="lanes to end")
    assert found["degraded"] > 0
    assert found["refused"] > 0
    assert {name for _, name in of(handle, calls)} == {"a", "somebody"}
    keys = [key for key, _ in of(handle, calls)]
    assert len(set(keys)) == len(keys)


def test_it_goes_on_lane_after_lane(house, calls):
    handle = begun(house, stream("greet", 5), lane_seconds=1)
    until(lambda: house.ask(handle, "get_traffic")["lanes"] >= 6, what="several lanes, one after another")


def test_calls_that_hang_do_not_pile_up_without_end(house, calls):
    handle = begun(house, stream("hangs", 500), lanes=1, lane_seconds=600)
    until(lambda: calls.count("hangs") >= 20, what="as many as may be under way")
    house.run(handle.cancel())
    until(lambda: house.run(handle.describe()).status.name == "CANCELED", what="it to end")
    assert calls.count("hangs") == 20


def test_a_worker_that_is_asked_to_end_lets_go_of_its_lanes(house, calls):
    handle = begun(house, lane_seconds=600)
    until(lambda: of(handle, calls), what="calls")
    house.worker.stop()
    number = len(of(handle, calls))
    house.worker.start()
    until(lambda: total(house, handle)["served"] == number, what="every call to be counted, and none twice")
    until(lambda: len(of(handle, calls)) > number, what="the next lanes")


def test_told_another_plan_it_goes_on_by_that(house, calls):
    handle = begun(house, stream("greet", 20, {"name": "old"}), lane_seconds=1)
    until(lambda: calls, what="calls")
    plan = {"streams": [stream("greet", 20, {"name": "new"})]}
    house.signal(handle, "steer", plan)
    until(lambda: "new" in [name for _, name in calls], what="calls by the new plan")
    assert house.ask(handle, "get_traffic")["plan"]["lanes"] == 4


def test_the_same_plan_again_changes_nothing(house, calls):
    handle = begun(house, stream("greet", 20), lane_seconds=1)
    plan = house.ask(handle, "get_traffic")["plan"]
    house.signal(handle, "steer", plan)
    until(lambda: house.ask(handle, "get_traffic")["lanes"] >= 4, what="several lanes")
    assert house.run(handle.describe()).run_id == handle.first_execution_run_id, "of the same run"


@pytest.mark.parametrize("rubbish", [None, 5, "x", [], {}, {"streams": [5]}, {"streams": [{"job": ""}]}], ids=repr)
def test_rubbish_changes_nothing_and_is_told(house, calls, rubbish):
    handle = begun(house, stream("greet", 20), lane_seconds=1)
    house.signal(handle, "steer", rubbish)
    assert until(lambda: house.ask(handle, "get_traffic")["errors"], what="to be told")
    number = len(of(handle, calls))
    until(lambda: len(of(handle, calls)) > number, what="it to go on")


def test_a_plan_that_cannot_be_read_ends_it_with_sentences(house):
    result = house.result(house.start({"streams": "all"}, workflow=TRAFFIC))
    assert result == {"status": "invalid", "errors": ["streams must be a list of 1 to 20 objects."]}


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_and_too_many_arguments_do_not_wedge_it(house, count):
    payloads = [Payload(metadata={"encoding": b"json/plain"}, data=b"[[1]]")] * count
    assert house.result(house.start_raw(*payloads, workflow=TRAFFIC))["status"] == "invalid"


def test_where_nobody_has_the_job_it_ends_and_names_it(house, calls):
    result = house.result(begun(house, stream("greet"), stream("lunch")))
    assert result == {"status": "ended", "reason": "no_such_job", "missing": ["lunch"]}


def test_what_it_wrote_replays(house, calls):
    handle = begun(house, stream("greet", 5), lane_seconds=1)
    until(lambda: house.ask(handle, "get_traffic")["lanes"] >= 4, what="several lanes")
    history = house.run(handle.fetch_history())
    replayer = Replayer(workflows=sandbox.WORKFLOWS, workflow_runner=sandbox.runner(), data_converter=CONVERTER)
    house.run(replayer.replay_workflow(history))


# --- plans ------------------------------------------------------------------------------------------------------------


def test_every_lane_has_its_share():
    lane = lane_of(Plan([Stream("greet", 6.0)], lanes=4), 10.0, "run/1")
    assert (lane.streams[0].per_second, lane.seconds, lane.key) == (1.5, 10.0, "run/1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"streams": []}, "streams must be a list"),
        ({"streams": [stream()] * 21}, "streams must be a list"),
        ({"streams": [stream(often=0)]}, "per_second must be a number"),
        ({"streams": [stream(often=float("nan"))]}, "per_second must be"),
        ({"streams": [{"job": "greet"}]}, "per_second must say how often"),
        ({"streams": [stream("greet", 1, "x")]}, "args must be a list"),
        ({"streams": [{**stream(), "args": []}]}, "args must be a list"),
        ({"streams": [stream()], "lanes": 0}, "lanes must be a whole number"),
        ({"streams": [stream()], "lane_seconds": 10**6}, "lane_seconds must be a number"),
        ({"streams": [stream("greet", 1, {"name": "x" * 60_000})]}, "at most 50,000 characters"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_plan_that_makes_no_sense_is_told(given, said):
    plan, errors = read_plan(given)
    assert plan is None
    assert said in " ".join(errors)


def test_tallies_add_up():
    both = Tally(served=1, missing=["b"]) + Tally(degraded=2, refused=3, failed=4, skipped=5, missing=["a"])
    assert both == Tally(1, 2, 3, 4, 5, ["a", "b"])
