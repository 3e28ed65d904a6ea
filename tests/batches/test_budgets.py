"""Batches that call one service: its budget holds for all of them together, and its circuit stops them."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from batches import budgets
from batches.models import Batch, Budget
from circuits.models import Circuit, Service
from tests.batches.test_chunks import interrupted, prepared
from tests.temporal import until
from worker.batch_wire import AskService, ChunkDone, RunChunk
from worker.chunks import metering
from worker.chunks.running import ChunkRun
from worker.jobs import job, quick
from worker.registry import jobs
from worker.resilience import budget

ITEMS = [{"n": n} for n in range(40)]


@pytest.fixture
def payments(transactional_db):
    return Service.objects.create(name="payments", budget_calls=10, budget_seconds=3_600)


@pytest.fixture
def rates(transactional_db):
    """A service that no other test has called: what is reported of it late would write its circuit down as closed."""
    return Service.objects.create(name=f"rates-{uuid4().hex[:8]}", budget_calls=10, budget_seconds=3_600)


@pytest.fixture(autouse=True)
def asked_often(monkeypatch):
    """A circuit that lets through again is known soon."""
    monkeypatch.setattr(budget, "CIRCUIT_POLL", 0.2)
    monkeypatch.setattr(budget, "TRIAL_POLL", 0.2)


@pytest.fixture
def called():
    """When each call of the job ``called`` was made."""
    times: list[float] = []

    @job("called")
    async def called(*, item: object) -> None:
        times.append(time.monotonic())

    yield times
    del jobs._known["called"]


def circuit(service: Service, state: str, **more: object) -> Circuit:
    now = timezone.now()
    row, _made = Circuit.objects.update_or_create(
        service=service.name, defaults={"state": state, "written_at": now, **more}
    )
    return row


def most_in_any(seconds: float, times: list[float]) -> int:
    return max(sum(first <= at < first + seconds for at in times) for first in times)


# --- the budget ------------------------------------------------------------------------------------------------------


def test_two_batches_never_call_more_than_the_service_takes_and_share_it(batches, payments, called):
    Service.objects.update(budget_calls=20, budget_seconds=2)
    first, second = (batches.start(ITEMS[:30], "called", service="payments") for _ in range(2))
    assert (first.result()["successful"], second.result()["successful"]) == (30, 30)
    assert len(called) == 60
    assert most_in_any(2, called) <= 20
    assert max(called) - min(called) < 10, "three windows would do"


def test_what_is_used_up_is_used_up_for_whoever_asks(batches, payments, told):
    first = batches.start(ITEMS, service="payments")
    first.becomes("running", succeeded=10, running=0, pending=30)
    second = batches.start(ITEMS, service="payments")
    second.becomes("running", pending=40, running=0)
    assert first.told()["succeeded"] == 10


def test_tries_of_an_item_count_too(batches, payments, told):
    items = [{"n": n, "word": "raises"} for n in range(40)]
    spec = {"item_attempts": 2, "max_parallel": 1, "tolerated_failure_rate": 1}
    batch = batches.start(items, "told_quick", service="payments", **spec)  # which asks no circuit
    batch.becomes("running", failed=5, running=0, pending=35)
    assert set(told.calls.values()) == {2}


@pytest.fixture
def cards(transactional_db):
    """Another service: what the guard of this process knows of the first is no other test's."""
    return Service.objects.create(name="cards", budget_calls=10, budget_seconds=3_600)


@pytest.fixture
def fails(called):
    """A job whose calls all fail, and those of ``stands_in``, which serves; when each was made."""
    times = {"fails": [], "stands_in": []}

    @job("fails")
    @quick
    def fails() -> None:  # it asks no circuit
        times["fails"].append(time.monotonic())
        raise OSError("it is down")

    @job("stands_in")
    async def stands_in(*, service: str) -> None:  # it would ask the circuit by itself
        times["stands_in"].append(time.monotonic())

    yield times
    del jobs._known["fails"], jobs._known["stands_in"]


def test_further_tries_are_reserved_too(batches, cards, fails):
    Service.objects.update(budget_calls=20, budget_seconds=1)
    spec = {"item_attempts": 2, "tolerated_failure_rate": 1}
    batch = batches.start(ITEMS[:30], "fails", service="cards", **spec)
    assert batch.result()["failed"] == 30
    assert len(fails["fails"]) == 60
    assert most_in_any(1, fails["fails"]) <= 20
    assert max(fails["fails"]) - min(fails["fails"]) < 20, "it does not stand still"


def test_what_a_rung_calls_of_another_service_is_reserved_there(batches, cards, fails):
    Service.objects.update(budget_calls=20, budget_seconds=1)
    rung = {"name": "cached", "job": "stands_in", "service": "cards", "timeout_seconds": 0.5, "attempts": 1}
    first, second = (batches.start(ITEMS[:30], "fails", fallbacks=[rung], item_attempts=1) for _ in range(2))
    assert (first.result()["degraded"], second.result()["degraded"]) == (30, 30), "none waited within its half second"
    assert len(fails["stands_in"]) == 60
    assert most_in_any(1, fails["stands_in"]) <= 20
    assert Budget.objects.get(service="cards").state["state"]["lent"] == []


def test_where_the_budget_has_no_call_left_in_time_it_is_said(batches, cards, fails, monkeypatch):
    monkeypatch.setattr(metering, "MARGIN", 0.001)
    Service.objects.update(budget_calls=4)
    batch = batches.start(ITEMS[:4], "fails", service="cards", item_attempts=2, tolerated_failure_rate=1)
    assert batch.result()["failed"] == 4
    none = "the budget of cards had no call left in time"
    assert batch.failures()[0] == ("1", f"its first try failed (not tried again: {none})")
    rung = {"name": "cached", "job": "stands_in", "service": "cards"}
    batch = batches.start(ITEMS[:1], "fails", fallbacks=[rung], item_attempts=1, tolerated_failure_rate=1)
    assert batch.result()["failed"] == 1
    assert batch.failures() == [("1", f"fails: it is down; cached: {none}")]
    assert fails["stands_in"] == []


def test_after_a_sudden_end_all_is_reserved_anew_and_what_it_had_counts(cards, told):
    items = [{"n": n} for n in range(6)]
    batch = prepared(items, "told_quick", service="cards")  # which asks no circuit
    Batch.objects.filter(uuid=batch).update(spec={"service": "cards"})
    budgets.ask(AskService(uuid=batch, service="cards", number=1, round=1, count=6, running=[], wants=6, lease=60))
    (lent,) = Budget.objects.get().state["state"]["lent"]
    interrupted(batch, done=[0], running=[1])
    Service.objects.update(budget_calls=lent["count"] + 5)
    assert ChunkRun(RunChunk(batch, 0, 1, 6)).run() == ChunkDone()
    state = Budget.objects.get().state["state"]
    counted = sum(each["count"] for each in (*state["lent"], *state["spent"]))
    assert counted == lent["count"] + 5, "what it was lent, and five calls that were made again"


def test_a_change_of_the_budget_counts_while_they_run(batches, payments, told):
    batch = batches.start(ITEMS, service="payments", chunk_size=40)
    batch.becomes("running", succeeded=10, running=0)
    Service.objects.update(budget_calls=25)
    look_again(batch)
    batch.becomes("running", succeeded=25, running=0)
    Service.objects.update(budget_calls=None)
    look_again(batch)
    assert batch.result()["successful"] == 40
    assert set(told.calls.values()) == {1}


def look_again(batch):
    """Without that it asks within a quarter of a minute."""
    batch.signal("pause", "olga")
    batch.becomes("paused")
    batch.signal("resume", "olga")


def test_it_holds_beside_a_pace_of_its_own(batches, payments, told):
    pace = {"kind": "sliding_window", "limit": 4, "per_seconds": 3_600}
    batch = batches.start(ITEMS, service="payments", pace=pace)
    batch.becomes("running", succeeded=4, running=0)
    batch.signal("set_limits", {"pace": None})
    batch.becomes("running", succeeded=10, running=0)


def test_a_batch_that_is_paused_gives_back_what_has_ended(batches, payments, told):
    told.open.clear()
    batch = batches.start(ITEMS, service="payments")
    batch.becomes("running", running=10)
    assert held() == 10
    batch.signal("pause", "olga")
    told.open.set()
    batch.becomes("paused", succeeded=10)
    until(lambda: held() == 0)


def test_a_batch_that_ends_gives_back_what_it_had(batches, payments, told):
    Service.objects.update(budget_seconds=1)
    told.open.clear()
    batch = batches.start(ITEMS, service="payments")
    batch.becomes("running", running=10)
    batch.signal("cancel", "olga")
    told.open.set()
    batch.result()
    assert held() == 0
    other = batches.start(ITEMS[:12], service="payments")
    assert other.result()["successful"] == 12
    until(lambda: held() == 0)


def test_what_a_batch_had_that_was_terminated_is_free_once_its_row_is_closed(batches, payments, told, monkeypatch):
    monkeypatch.setattr(budgets, "SILENT", 0.1)
    Service.objects.update(budget_seconds=1)
    told.open.clear()
    first = batches.start(ITEMS, service="payments")
    first.becomes("running", running=10)
    first.house.run(first.handle.terminate())
    told.open.set()
    second = batches.start(ITEMS[:12], service="payments")
    second.becomes("running", pending=12, running=0)
    Batch.objects.filter(pk=first.row.pk).update(closed_at=timezone.now())
    assert second.result()["successful"] == 12


def held() -> int:
    return sum(each["count"] for each in Budget.objects.get().state["state"]["lent"])


def test_it_goes_on_over_new_runs(batches, payments, told, monkeypatch):
    from worker import batch_state
    from worker.resilience.history import HistoryBudget

    monkeypatch.setattr(batch_state, "BUDGET", HistoryBudget(events=5, length=60))
    Service.objects.update(budget_calls=100, budget_seconds=1)
    batch = batches.start([{"n": n} for n in range(200)], service="payments")
    assert batch.result()["successful"] == 200
    assert batch.row.told["runs"] > 1
    assert set(told.calls.values()) == {1}


def test_without_a_service_nothing_is_asked(batches, payments, told):
    batch = batches.start(ITEMS)
    batch.result()
    assert not Budget.objects.exists()


def test_a_service_that_nobody_registered_is_refused_with_the_names_of_those_that_are(batches, payments, told):
    (error,) = batches.start(ITEMS, service="paiments").result()["errors"]
    assert error == "There is no service 'paiments'. There are: payments."


@pytest.mark.parametrize("wrong", [{"budget_calls": 0}, {"budget_calls": -1}, {"budget_seconds": 0.5}])
def test_a_budget_that_would_let_nothing_through_is_refused(payments, wrong):
    for name, value in wrong.items():
        setattr(payments, name, value)
    with pytest.raises(ValidationError) as refused:
        payments.full_clean()
    assert set(refused.value.message_dict) == set(wrong)


def test_the_same_question_is_granted_once(payments):
    row = Batch.objects.create(workflow_id="w", first_run_id="r")
    question = AskService(str(row.uuid), "payments", number=1, round=1, count=1)
    assert [budgets.ask(question).granted for _ in range(3)] == [1, 1, 1]
    assert held() == 1


def test_a_question_of_a_batch_that_has_ended_is_granted_nothing(payments):
    row = Batch.objects.create(workflow_id="w", first_run_id="r", closed_at=timezone.now())
    for uuid in (str(row.uuid), str(uuid4())):
        assert budgets.ask(AskService(uuid, "payments", number=1, round=1, count=1)).granted == 0
    assert Budget.objects.get().state is None


# --- the circuit -----------------------------------------------------------------------------------------------------


def test_with_the_circuit_open_nothing_is_begun_until_it_lets_through_again(batches, rates, told):
    Service.objects.update(budget_calls=None)
    circuit(rates, "forced_open", reason="they move house", actor="olga")
    batch = batches.start(ITEMS, service=rates.name)
    batch.becomes("running", pending=40, running=0)
    circuit(rates, "closed")
    assert batch.result()["successful"] == 40
    assert set(told.calls.values()) == {1}


@pytest.fixture
def asking(told):
    """The job ``asking``: it would ask the circuit by itself, so that nothing else is told of its calls."""

    @job("asking")
    async def asking(*, key: str, item: object, service: str) -> object:
        while not told.open.is_set():
            await asyncio.sleep(0.02)
        return told.does(key, item)

    yield
    del jobs._known["asking"]


def test_half_open_one_item_at_a_time_is_begun(batches, rates, told, asking):
    Service.objects.update(budget_calls=None)
    circuit(rates, "open", retry_at=timezone.now() - timedelta(seconds=1))
    told.open.clear()
    batch = batches.start(ITEMS, "asking", service=rates.name)
    batch.becomes("running", running=1)
    other = batches.start(ITEMS, "asking", service=rates.name)
    other.becomes("running", running=0, pending=40)
    circuit(rates, "closed")
    told.open.set()
    assert (batch.result()["successful"], other.result()["successful"]) == (40, 40)
