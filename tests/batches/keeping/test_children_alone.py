"""Children of a batch whose workflow somebody has ended in Temporal: what becomes of them is told by its policy."""

import pytest

from audit.queries import of_stream
from tests.batches.keeping.conftest import kinds, run
from tests.batches.test_children import at_work, closes, ended
from tests.batches.test_ways import ITEMS
from tests.temporal import until

pytestmark = pytest.mark.django_db(transaction=True)


def two_at_work(batches, told, policy):
    """Of four chunks two are under way, and Temporal lists their children."""
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", max_parallel=2, parent_close_policy=policy)
    at_work(batch, 0, 1)
    listed = f"ParentWorkflowId = '{batch.handle.id}' AND ExecutionStatus = 'Running'"
    until(lambda: batch.house.run(batch.house.client.count_workflows(listed)).count == 2, what="both are listed")
    until(lambda: batch.row.told.get("strategy"), what="its row knows its policy")
    return batch


def test_where_its_policy_terminates_them_what_they_ran_is_not_run(batches, told, outside):
    batch = two_at_work(batches, told, "terminate")
    outside.terminate(batch)
    until(lambda: all(ended(batch, f"{batch.handle.id}-chunk-{n}") == "TERMINATED" for n in (0, 1)))
    until(lambda: run().repaired, what="it is closed")
    row = batch.row
    assert (row.state, row.succeeded, row.running, row.pending) == ("terminated", 0, 0, 35)
    assert kinds(row)[-1] == "batch.ended_outside"


def test_where_its_policy_asks_them_to_end_it_is_closed_when_they_have(batches, told, outside):
    batch = two_at_work(batches, told, "request_cancel")
    outside.terminate(batch)
    report = run()
    assert batch.row.closed_at is None
    assert any("is closed when its 2 children have ended" in said for said in report.said)
    told.open.set()
    until(lambda: run().repaired, what="it is closed")
    row = batch.row
    assert (row.state, row.succeeded, row.pending) == ("terminated", 20, 15)
    assert set(told.calls.values()) == {1}


def test_where_its_policy_abandons_them_they_go_on_and_count(batches, told, outside):
    batch = two_at_work(batches, told, "abandon")
    outside.terminate(batch)
    report = run()
    row = batch.row
    assert (row.state, row.running, row.pending, len(row.alone)) == ("started", 20, 15, 2)
    assert any("go on by themselves" in said and "by mistake" in said for said in report.said)
    assert run().repaired == 0, "they run"
    told.open.set()
    row = closes(batch, "terminated")
    assert (row.succeeded, row.pending, row.result["reason"]) == (
        20,
        15,
        "Its workflow was terminated in Temporal: by mistake",
    )
    assert kinds(row)[-2:] == ["batch.left", "batch.closed"]


def test_one_that_went_on_and_was_ended_too_is_counted_from_its_notes(batches, told, outside):
    told.open.clear()
    batch = batches.start(ITEMS, strategy="child_per_chunk", parent_close_policy="abandon", wait=False)
    assert batch.result()["children_open"] == 4
    at_work(batch, 0, 1, 2, 3)
    for chunk in (0, 1):
        batch.house.run(batch.house.client.get_workflow_handle(f"{batch.handle.id}-chunk-{chunk}").terminate())
    until(lambda: run().repaired, what="those two are found")
    row = batch.row
    assert (row.state, row.running, row.pending, sorted(row.alone)) == ("started", 15, 20, ["3", "4"])
    told.open.set()
    row = closes(batch, "failed")
    assert (row.succeeded, row.pending) == (15, 20)
    assert row.result["reason"] == "Children that went on left 20 items that were not run."
    assert [entry.data["status"] for entry in of_stream(row.stream) if entry.kind == "batch.closed"] == ["failed"]
