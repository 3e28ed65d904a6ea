"""What the guard reports: every call once, however many call at once, whoever is away and whatever gets lost."""

import asyncio
import gc
import logging
import threading
import time
from concurrent.futures import CancelledError as FutureCancelled

import pytest
from temporalio.exceptions import CancelledError as CancelledInThread

from tests.approvals.core.conftest import via  # noqa: F401  (a fixture: found by its name here)
from tests.approvals.core.proxy import proxy_to
from tests.temporal import free_port, until
from tests.worker.guarding import guarded
from worker import client as door
from worker.entities import Entities
from worker.guard import Guard
from worker.resilience.caller import Word
from worker.resilience.circuit_state import CircuitConfig
from worker.resilience.refusals import CircuitOpen
from worker.resilience.report import Report

FOR_ALL = 100_000
"""A threshold that is never crossed."""


@pytest.fixture
def calls(house):
    with guarded(house) as made:
        yield made


class Silent(Entities):
    """Nobody at the other end: it knows nothing and takes all."""

    def __init__(self):
        self.taken = []

    def known(self, services, caller):
        return [Word(service, config=CircuitConfig(failure_threshold=FOR_ALL)) for service in services]

    async def record(self, service, report):
        self.taken.append(report)

    def sum(self, name):
        return sum(getattr(report, name) for report in self.taken)


class Deaf(Silent):
    """The database does not answer, until it does."""

    def __init__(self):
        super().__init__()
        self.away = True

    def known(self, services, caller):
        if self.away:
            raise OSError("no route to the database")
        return super().known(services, caller)


@pytest.fixture
def alone():
    """A guard with nobody at the other end."""
    made = Guard(name="alone", entities=Silent())
    yield made
    made.stop()


# --- many at once -----------------------------------------------------------------------------------------------------


def some_calls(guard, service, number):
    for turn in range(number):
        try:
            with guard.call(service):
                if turn % 3 == 0:
                    raise OSError("503")
        except OSError:
            pass


async def some_tasks(guard, service, tasks, number):
    async def one():
        for turn in range(number):
            try:
                async with guard.call(service):
                    if turn % 50 == 0:
                        await asyncio.sleep(0)
                    if turn % 3 == 0:
                        raise OSError("503")
            except OSError:
                pass

    await asyncio.gather(*(one() for _ in range(tasks)))


def test_threads_and_tasks_at_once_lose_no_count(calls):
    """While the reporter takes out what they have counted."""
    calls.begin(failure_threshold=FOR_ALL)
    guard, service = calls.guard, calls.service
    until(lambda: guard.peek(service).informed)
    threads = [threading.Thread(target=some_calls, args=[guard, service, 6_000]) for _ in range(8)]
    threads += [threading.Thread(target=asyncio.run, args=[some_tasks(guard, service, 10, 600)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        guard.flush(0)
        time.sleep(0.01)
    assert guard.flush(60)
    until(lambda: calls.totals() == (40_000, 20_000, 0), what="all of them are counted")


def test_what_is_counted_while_a_report_is_put_together_is_in_the_next_one(alone, monkeypatch):
    """Putting it together takes its time here, so that others would get between."""

    def slowly(**given):
        time.sleep(0.001)
        return Report(**given)

    monkeypatch.setattr("worker.resilience.outbox.Report", slowly)

    def well():
        for _ in range(3_000):
            with alone.call("payments"):
                pass

    well()
    assert alone.flush(30)
    alone.stop()
    view, taken, over = alone._views["payments"], [], threading.Event()

    def take():
        while not over.is_set():
            with view.lock:
                view.caller.outbox.seal()
                taken.extend(view.caller.outbox.ready)
                view.caller.outbox.ready.clear()

    threads = [threading.Thread(target=well) for _ in range(6)]
    taking = threading.Thread(target=take)
    for thread in [taking, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    taking.join()
    view.caller.outbox.seal()
    taken += [*alone.entities.taken, *view.caller.outbox.ready]
    assert sum(report.ok for report in taken) == 7 * 3_000


def test_a_thousand_calls_a_second_are_about_one_signal_a_second(calls):
    calls.begin()
    before, began, made = calls.told()["run"]["events"], time.monotonic(), 0
    while time.monotonic() - began < 4:
        for _ in range(10):
            calls.goes_well()
            made += 1
        time.sleep(0.01)
    assert calls.guard.flush(30)
    seconds = time.monotonic() - began
    until(lambda: calls.totals()[0] == made)
    assert calls.told()["run"]["events"] - before <= 2 * seconds
    assert made > 1_000


def test_what_is_urgent_for_one_circuit_is_a_reason_to_send_for_no_other(alone):
    with alone.call("payments"):
        pass
    assert alone.flush(30)
    began, before = time.monotonic(), len(alone.entities.taken)
    while time.monotonic() - began < 2.5:
        with alone.call("payments"):
            pass
        alone.reporting.turn.wake()
        time.sleep(0.01)
    assert 1 <= len(alone.entities.taken) - before <= 4


# --- what gets lost on the way ----------------------------------------------------------------------------------------


def test_a_report_whose_answer_was_held_back_counts_once(calls, via, temporal_server):  # noqa: F811
    calls.begin(failure_threshold=FOR_ALL)
    with proxy_to(temporal_server) as proxy:
        via(proxy.address)
        calls.goes_well()
        assert calls.guard.flush(30)
        proxy.swallowing = True
        for _ in range(3):
            calls.goes_well()
        until(lambda: calls.totals()[0] == 4, what="it has arrived, and nobody said so")
        calls.fails(2)
        assert not calls.guard.flush(3), "the one that nobody answered is not known to have arrived"
        via(temporal_server)
        assert calls.guard.flush(30)
    until(lambda: calls.totals() == (4, 2, 0))


def test_a_trial_whose_grant_nobody_heard_of_is_asked_for_again_and_is_the_same(calls, via, temporal_server):  # noqa: F811
    """It is the only one, and lent for an hour: another question would get none."""
    calls.begin(timeout_seconds=0.5, half_open_attempts=1, probe_lease_seconds=3_600)
    calls.fails(5)
    assert calls.guard.flush(30)
    calls.knows("half_open")
    with proxy_to(temporal_server) as proxy:
        via(proxy.address)
        assert door.describe(calls.handle.id).status == "RUNNING"
        proxy.swallowing = True
        assert until(calls.refused).reason == "nobody can say whether it may be tried"
        until(lambda: len(calls.told()["probes"]) == 1, what="it was granted, and nobody said so")
        via(temporal_server)
        until(lambda: calls.refused() is None, what="the same one is granted")
    calls.becomes("closed")


def test_with_temporal_away_it_goes_by_what_it_knows_says_so_and_loses_no_count(calls, via, temporal_server, caplog):  # noqa: F811
    calls.begin(timeout_seconds=1)
    calls.goes_well()
    assert calls.guard.flush(30)
    via(f"127.0.0.1:{free_port()}")
    with caplog.at_level(logging.WARNING):
        for _ in range(30):
            calls.goes_well()
        calls.fails(5)
        assert calls.refused().reason == "5 failures in a row"
        until(lambda: calls.known(lambda known: not known.temporal))
        until(lambda: calls.refused() is None, what="its own opening ends with its time")
        assert not calls.guard.flush(3)
    said = [record.message for record in caplog.records if "Temporal cannot be reached" in record.message]
    assert len(said) == 1
    refused = calls.guard._views[calls.service].caller.outbox
    refused = refused.refused + sum(report.refused for report in refused.ready)
    via(temporal_server)
    assert calls.guard.flush(60)
    until(lambda: calls.totals() == (32, 5, refused))
    assert calls.guard.peek(calls.service).temporal


def test_with_the_database_away_what_is_known_stays_and_it_is_said(caplog):
    entities = Deaf()
    guard = Guard(name="alone", entities=entities)
    try:
        with caplog.at_level(logging.INFO):
            with guard.call("payments"):
                pass
            until(lambda: not guard.peek("payments").index)
            some_calls(guard, "payments", 1)
            assert guard.peek("payments").state == "closed"
            entities.away = False
            until(lambda: guard.peek("payments").index)
    finally:
        guard.stop()
    said = [record.message for record in caplog.records if "index of circuits" in record.message]
    assert [words.split("; ")[0] for words in said] == [
        "The index of circuits cannot be read",
        "The index of circuits can be read again.",
    ]


class OneIsDeaf(Silent):
    """Until it may answer, it does not."""

    def __init__(self):
        super().__init__()
        self.may_answer = threading.Event()

    async def record(self, service, report):
        while service == "deaf" and not self.may_answer.is_set():
            await asyncio.sleep(0.01)
        await super().record(service, report)


def test_one_circuit_that_cannot_be_told_delays_no_other():
    entities = OneIsDeaf()
    guard = Guard(name="alone", entities=entities)
    try:
        for service in ("deaf", "mail"):
            with guard.call(service):
                pass
        until(lambda: guard.peek("mail").told)
        assert not guard.peek("deaf").told
        entities.may_answer.set()
        assert guard.flush(30)
    finally:
        guard.stop()


# --- what counts as what ----------------------------------------------------------------------------------------------


def flushed(guard):
    assert guard.flush(30)
    return guard.entities.taken


def test_a_call_that_is_cancelled_counts_as_nothing(alone):
    async def cancelled():
        entered = asyncio.Event()

        async def call():
            async with alone.call("payments"):
                entered.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(call())
        await entered.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with alone.call("payments"):
        pass
    asyncio.run(cancelled())
    flushed(alone)
    assert (alone.entities.sum("ok"), alone.entities.sum("failed")) == (1, 0)


def test_a_call_that_answered_badly_counts_as_failed_with_its_words(alone):
    with alone.call("payments") as call:
        call.failed("503 upstream\x00" + "x" * 1_000)
    report = flushed(alone)[0]
    assert (report.ok, report.failed) == (0, 1)
    assert report.sample.startswith("503 upstream")
    assert report.sample.isprintable()
    assert len(report.sample) <= 500


class Untold(Exception):
    def __str__(self):
        raise RuntimeError("this error has no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [(TimeoutError(), "timed out"), (Untold(), "failed without saying why"), (OSError("no route"), "no route")],
)
def test_an_error_that_leaves_it_is_the_sample(alone, error, words):
    with pytest.raises(type(error)), alone.call("payments"):
        raise error
    assert flushed(alone)[0].sample == words


@pytest.mark.parametrize(
    "error", [CircuitOpen("mail", "5 failures in a row"), CancelledInThread("the activity"), FutureCancelled()]
)
def test_a_refusal_of_another_circuit_or_a_cancelled_thread_is_no_failure_of_this_one(alone, error):
    with pytest.raises(type(error)), alone.call("payments"):
        raise error
    with alone.call("payments"):
        pass
    flushed(alone)
    assert (alone.entities.sum("ok"), alone.entities.sum("failed")) == (1, 0)


class Slow(Silent):
    def known(self, services, caller):
        return [Word(service, config=CircuitConfig(slow_seconds=0.05)) for service in services]


def test_a_call_that_took_long_counts_as_slow():
    guard = Guard(name="alone", entities=Slow())
    try:
        with guard.call("payments"):
            pass
        with guard.call("payments"):
            time.sleep(0.06)
        flushed(guard)
        assert (guard.entities.sum("ok"), guard.entities.sum("slow")) == (2, 1)
    finally:
        guard.stop()


class ForTrials(Silent):
    def known(self, services, caller):
        return [Word(service, "half_open") for service in services]

    async def acquire(self, service, ask):
        return {"granted": True, "lease_id": "lease-1"}


def test_a_forgotten_trial_is_given_up_even_where_the_collector_finds_it():
    """In the middle of counting, by the very thread that counts."""
    guard = Guard(name="alone", entities=ForTrials())

    def forgotten():
        with guard.call("payments"):
            yield

    try:
        waiting = forgotten()
        next(waiting)
        view = guard._views["payments"]
        with view.lock:
            del waiting
            gc.collect()
        flushed(guard)
        assert [(report.lease_id, report.ok, report.failed) for report in guard.entities.taken] == [("lease-1", 0, 0)]
    finally:
        guard.stop()


def test_a_guard_that_was_never_used_has_nothing_to_report():
    assert Guard().flush(0)


def test_a_process_that_gets_the_name_of_an_earlier_one_is_counted(calls):
    for _ in range(3):
        calls.goes_well()
    assert calls.guard.flush(30)
    again = calls.another("caller-1")
    calls.goes_well(again)
    assert again.flush(30)
    until(lambda: calls.totals() == (4, 0, 0))
