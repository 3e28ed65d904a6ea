"""The guard on a real entity: what it lets through, what it opens, how trials close it again, what it reports."""

import asyncio

import pytest

from circuits.models import Circuit
from tests.temporal import until
from tests.worker.guarding import guarded
from worker.guard import Guard
from worker.resilience.refusals import CircuitOpen


@pytest.fixture
def calls(house):
    with guarded(house) as made:
        yield made


def test_the_first_report_begins_the_entity_and_counts(calls):
    for _ in range(7):
        calls.goes_well()
    calls.fails(2)
    assert calls.guard.flush(30)
    until(lambda: calls.totals() == (7, 2, 0))
    assert calls.told()["callers"].keys() == {"caller-1"}


def test_the_call_after_the_fifth_failure_is_refused_and_the_entity_opens(calls):
    calls.fails(5)
    refusal = calls.refused()
    assert refusal.service == calls.service
    assert refusal.reason == "5 failures in a row"
    assert refusal.retry_at is not None
    now = calls.becomes("open")
    assert now["last_failure"]["sample"] == "503 upstream connect error"
    known = calls.knows("open")
    assert known.retry_at == now["retry_at"]


def test_another_process_refuses_too(calls):
    other = calls.another("caller-2")
    calls.goes_well(other)
    calls.fails(5)
    calls.knows("open", other)
    assert calls.refused(other).reason == "5 failures in a row"


def test_trials_close_it(calls):
    calls.begin(timeout_seconds=0.5)
    calls.fails(5)
    calls.becomes("half_open")
    calls.knows("half_open")
    until(lambda: calls.refused() is None)
    until(lambda: calls.refused() is None)
    calls.becomes("closed")
    calls.knows("closed")
    assert calls.told()["totals"]["ok"] >= 2


def test_a_trial_that_fails_opens_it_again_at_once(calls):
    calls.begin(timeout_seconds=1)
    calls.fails(5)
    calls.becomes("half_open")

    def trial_fails():
        before = calls.guard.peek(calls.service)
        try:
            calls.fails()
        except CircuitOpen:
            return None
        return before

    until(trial_fails)
    assert calls.refused().reason == "a trial failed"
    until(lambda: any(event["cause"] == "probe_failed" for event in calls.told()["transitions"]))


async def cancelled_trial(calls):
    entered = asyncio.Event()

    async def call():
        async with calls.guard.call(calls.service):
            entered.set()
            await asyncio.sleep(60)

    while True:
        task = asyncio.create_task(call())
        waiting = asyncio.create_task(entered.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not task.done():
            break
        with pytest.raises(CircuitOpen):
            await task
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_cancelled_trial_gives_its_place_back(calls):
    calls.begin(timeout_seconds=0.5, half_open_attempts=1, probe_lease_seconds=3_600)
    calls.fails(5)
    calls.becomes("half_open")
    asyncio.run(cancelled_trial(calls))
    until(lambda: not calls.told()["probes"])
    assert calls.told()["state"] == "half_open"
    until(lambda: calls.refused() is None)
    calls.becomes("closed")


def test_forced_open_refuses_and_switched_off_lets_all_through(calls):
    calls.begin()
    calls.house.signal(calls.handle, "force_open", "they move house", "olga", 3_600)
    calls.knows("forced_open")
    assert calls.refused().reason == "they move house"
    calls.house.signal(calls.handle, "override", "disabled", "let it", "olga", 3_600)
    calls.knows("disabled")
    calls.fails(20)
    assert calls.refused() is None
    until(lambda: calls.totals()[:2] == (1, 20))


def test_the_first_call_of_a_process_goes_by_what_is_known_already(calls):
    """It waits for the entity's word instead of trying what everybody knows to be down."""
    calls.begin()
    calls.house.signal(calls.handle, "force_open", "they move house", "olga", 3_600)
    calls.knows("forced_open")
    assert calls.refused(calls.another("thread")).reason == "they move house"
    with pytest.raises(CircuitOpen, match="they move house"):
        asyncio.run(one_call(calls.another("coroutine"), calls.service))


async def one_call(guard, service):
    async with guard.call(service):
        pass


def test_what_was_not_asked_about_for_long_is_looked_for_before_the_next_call(calls):
    calls.goes_well()
    assert calls.guard.flush(30)
    view = calls.guard._views[calls.service]
    view.used_at -= 1_000
    calls.guard.hearing.hear()
    assert not view.caller.free
    assert not calls.guard.peek(calls.service).informed
    calls.goes_well()
    assert calls.guard.peek(calls.service).informed


def test_what_refused_and_which_rung_served_is_counted(calls):
    calls.fails(5)
    for _ in range(3):
        assert calls.refused()
        calls.guard.served(calls.service, rung="popular")
    assert calls.guard.flush(30)
    until(lambda: calls.totals() == (0, 5, 3))
    assert calls.told()["totals"]["fallback"] == {"popular": 3}


def test_an_entity_that_was_terminated_begins_again_with_what_it_knew(calls):
    calls.fails(5)
    until(lambda: Circuit.objects.filter(service=calls.service, state="open").exists())
    calls.house.run(calls.handle.terminate("by mistake"))
    assert calls.refused()
    assert calls.guard.flush(30)
    now = calls.becomes("open")
    assert now["totals"]["failed"] == 5


def test_a_name_is_needed():
    with pytest.raises(ValueError, match="name"):
        Guard().call("  ")
