"""Batches whose chunks are child workflows: through a real Temporal server and a real worker, by each policy."""

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from audit.models import Entry
from tests.batches.test_ways import ITEMS, with_words
from tests.temporal import until
from worker import batch_state
from worker.chunks.notes import being_run
from worker.registry import jobs
from worker.resilience.history import HistoryBudget

POLICIES = ("terminate", "request_cancel", "abandon")


def children_of(batch):
    """The ids that were begun, from its history, over all its runs."""
    found, run = [], None
    while True:
        run = run or batch.handle.first_execution_run_id
        handle = batch.house.client.get_workflow_handle(batch.handle.id, run_id=run)
        history = batch.house.run(handle.fetch_history())
        for event in history.events:
            if event.HasField("start_child_workflow_execution_initiated_event_attributes"):
                found.append(event.start_child_workflow_execution_initiated_event_attributes.workflow_id)
        last = history.events[-1]
        run = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        if not run:
            return found


def ended(batch, id):
    """How a child ended in Temporal; None: it has not."""
    found = batch.house.run(batch.house.client.get_workflow_handle(id).describe())
    return None if found.status == WorkflowExecutionStatus.RUNNING else found.status.name


def at_work(batch, *chunks):
    """A child's chunk is being run, and not only ordered: its first item is held up in its job."""

    def all_are():
        uuid = batch.told().get("uuid")
        return uuid and all(being_run(uuid, chunk, 0) for chunk in chunks)

    until(lambda: asked(all_are), what=f"chunks {chunks} are at work")


def asked(question):
    """A busy machine answers late: it is asked again."""
    try:
        return question()
    except RPCError:
        return None


@pytest.mark.parametrize("strategy", ["child_per_chunk", "child_per_item"])
def test_every_item_is_run_once_by_a_child_whose_id_says_which(batches, told, strategy):
    batch = batches.start(ITEMS, strategy=strategy)
    result = batch.result()
    assert (result["status"], result["successful"], result["total"]) == ("completed", 35, 35)
    assert [line["result"] for line in batch.results()] == ITEMS
    assert set(told.calls.values()) == {1}
    per_chunk = [f"{batch.handle.id}-chunk-{n}" for n in range(4)]
    per_item = [f"{batch.handle.id}-item-{n}" for n in range(1, 36)]
    assert sorted(children_of(batch)) == sorted(per_chunk if strategy == "child_per_chunk" else per_item)


def test_what_fails_in_a_child_is_kept_and_run_again_when_somebody_wants_it(batches, told):
    items = with_words(3, 17)
    batch = batches.start(items, strategy="child_per_chunk", item_attempts=1, on_tolerance="pause", max_parallel=1,
                          tolerated_failure_rate=0.05)  # fmt: skip
    batch.becomes("paused", running=0, failed=2)
    told.well.add("raises")
    batch.signal("retry_failed", "olga")
    batch.signal("resume", "olga")
    result = batch.result()
    assert (result["status"], result["successful"], result["failed"]) == ("completed", 35, 0)
    again = [id for id in children_of(batch) if id.count("-", len(batch.handle.id)) == 3]
    assert len(again) >= 2, "a child of its own for what is run again"
    assert told.calls['{"n": 0, "word": "fine"}'] == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_paused_no_child_is_open_whatever_the_policy_and_it_goes_on(batches, told, policy):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=2, parent_close_policy=policy)
    at_work(batch, 0, 1)
    batch.signal("pause", "olga", "they move house")
    told.open.set()
    now = batch.becomes("paused", running=0)
    assert now["succeeded"] == 20, "what had begun was ended"
    assert [ended(batch, id) for id in children_of(batch)] == ["COMPLETED"] * 2
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 35
    assert set(told.calls.values()) == {1}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_new_run_begins_when_no_child_is_open_that_its_policy_could_strike(batches, told, policy, monkeypatch):
    monkeypatch.setattr(batch_state, "BUDGET", HistoryBudget(events=2))
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=2, parent_close_policy=policy)
    at_work(batch, 0, 1)
    for number in range(2):
        batch.signal("set_limits", {"max_parallel": 2, "order_id": f"o-{number}"})
    until(lambda: asked(lambda: batch.told()["waits"]["cause"]) == "draining", what="a new run is due")
    told.open.set()
    assert batch.result()["successful"] == 35
    children = children_of(batch)
    assert len(children) == len(set(children)) == 4, "all runs together"
    assert [ended(batch, id) for id in children] == ["COMPLETED"] * 4
    assert set(told.calls.values()) == {1}
    assert batch.told()["runs"] == 2


def test_cancelled_children_are_asked_to_end_and_what_they_say_counts(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=2, parent_close_policy="request_cancel")
    at_work(batch, 0, 1)
    batch.signal("cancel", "olga", "the wrong file")
    batch.becomes("stopping")
    told.open.set()
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 20, 15)
    assert [ended(batch, id) for id in children_of(batch)] == ["COMPLETED"] * 2


@pytest.mark.parametrize("by", ["order", "temporal"])
def test_cancelled_children_are_terminated_at_once_and_nobody_waits_for_them(batches, told, by):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=2)
    at_work(batch, 0, 1)
    if by == "order":
        batch.signal("cancel", "olga", "the wrong file")
    else:
        batch.house.run(batch.handle.cancel())
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 0, 35)
    assert [ended(batch, id) for id in children_of(batch)] == ["TERMINATED"] * 2


def test_one_that_somebody_terminates_fails_its_items_and_frees_its_place(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=1, tolerated_failure_rate=1.0)
    at_work(batch, 0)
    first = batch.house.client.get_workflow_handle(f"{batch.handle.id}-chunk-0")
    batch.house.run(first.terminate())
    batch.becomes("running", failed=10, running=10)
    told.open.set()
    result = batch.result()
    assert (result["status"], result["successful"], result["failed"]) == ("completed", 25, 10)
    assert batch.groups() == {"Its child workflow was terminated in Temporal.": 10}


def test_one_that_fails_each_time_fails_its_items_and_frees_its_place(batches, told):
    """Here: no worker knows its job any more, which no try within a child will mend."""
    pace = {"kind": "sliding_window", "limit": 10, "per_seconds": 3_600}
    batch = batches.start(
        ITEMS, strategy="child_per_chunk", max_parallel=1, child_attempts=2, tolerated_failure_rate=1.0, pace=pace
    )
    batch.becomes("running", succeeded=10, running=0)
    known = jobs._known.pop("told")
    try:
        batch.signal("set_limits", {"pace": None})
        result = batch.result()
    finally:
        jobs._known["told"] = known
    assert (result["status"], result["successful"], result["failed"]) == ("completed", 10, 25)
    (said,) = batch.groups()
    assert said.startswith("Its child workflow failed each time it was tried: This worker does not know the job")


# --- children that nobody waits for ------------------------------------------------------------------------------


def closes(batch, state):
    """Its row, once the last of its children has ended."""
    row = until(lambda: batch.row if batch.row.closed_at else None, what="the row is closed")
    assert row.state == state
    assert row.succeeded + row.degraded + row.failed + row.pending == row.total
    assert (row.running, row.alone) == (0, {})
    return row


def test_without_waiting_it_ends_when_all_have_begun_and_its_row_when_all_have_ended(batches, told):
    told.open.clear()
    batch = batches.start(with_words(3), strategy="child_per_chunk", parent_close_policy="abandon", wait=False)
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("started", 0, 35)
    assert (result["children_open"], result["under_way"]) == (4, 35)
    assert sorted(result["children"]) == [f"{batch.handle.id}-chunk-{n}" for n in range(4)]
    assert [ended(batch, id) for id in result["children"]] == [None] * 4
    row = batch.row
    assert (row.state, row.running, len(row.alone), row.closed_at) == ("started", 35, 4, None)
    told.open.set()
    row = closes(batch, "completed")
    assert (row.succeeded, row.failed, row.result["status"], row.result["successful"]) == (34, 1, "completed", 34)
    until(lambda: (batch.row.result["results"] or {}).get("size"), what="its results are one file")
    assert set(told.calls.values()) == {1, 3}
    kinds = list(Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["batch.begun", "batch.left", "batch.closed"]


def test_without_waiting_no_more_are_open_at_once_than_may_be(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", parent_close_policy="abandon", wait=False, max_parallel=3)
    at_work(batch, 0, 1, 2)
    assert batch.told()["state"] == "running", "the fourth has not begun yet"
    told.open.set()
    assert batch.result()["status"] in ("started", "completed")
    assert closes(batch, "completed").succeeded == 35


@pytest.mark.parametrize("by", ["order", "temporal"])
def test_cancelled_children_that_are_abandoned_go_on_and_count(batches, told, by):
    told.open.clear()
    batch = batches.start(
        ITEMS, strategy="child_per_chunk", max_parallel=1, parent_close_policy="abandon", chunk_size=20
    )
    at_work(batch, 0)
    if by == "order":
        batch.signal("cancel", "olga", "the wrong file")
    else:
        batch.house.run(batch.handle.cancel())
    result = batch.result()
    assert (result["status"], result["not_run"], result["under_way"]) == ("cancelled", 35, 20)
    row = batch.row
    assert (row.state, row.running, row.pending) == ("started", 20, 15)
    told.open.set()
    row = closes(batch, "cancelled")
    assert (row.succeeded, row.pending) == (20, 15)
    assert set(told.calls.values()) == {1}
    events = batch.house.run(batch.handle.fetch_history()).events
    asked_to_end = "request_cancel_external_workflow_execution_initiated_event_attributes"
    assert not any(event.HasField(asked_to_end) for event in events)
