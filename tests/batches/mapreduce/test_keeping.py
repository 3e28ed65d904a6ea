"""What becomes of a MapReduce whose workflow was ended outside or whose row was lost, and what ops are told."""

import pytest

from batches.models import Batch
from circuits.models import Episode
from live.writes import write
from tests.batches.keeping.conftest import _fresh, outside, run  # noqa: F401  (fixtures: found by their names here)
from tests.batches.mapreduce.conftest import items
from tests.temporal import until
from worker.mapreduce_telling import as_batch
from worker.resilience.fallback import NotAgain


def test_a_terminated_one_is_closed_with_what_its_partial_results_say(mapreduces, mind, outside):  # noqa: F811
    mind.reduces_open.clear()
    one = mapreduces.start(items(40, _3="never"))
    until(lambda: one.told()["phase"] == "reduce")
    Batch.objects.filter(workflow_id=one.handle.id).update(succeeded=0, pending=40, failed=0, running=0)
    outside.terminate(one)
    run()
    row = one.row
    assert (row.state, row.succeeded, row.failed, row.pending) == ("terminated", 39, 1, 0)
    mind.reduces_open.set()


def test_a_row_that_was_lost_is_written_down_again_as_what_it_was(mapreduces, mind, outside):  # noqa: F811
    mind.open.clear()
    one = mapreduces.start(items(20))
    until(lambda: one.told()["state"] == "running")
    uuid = one.row.uuid
    with write():
        Batch.objects.all().delete()
    until(lambda: run().repaired or Batch.objects.filter(workflow_id=one.handle.id).first())
    mind.open.set()
    one.result()
    assert (one.row.kind, one.row.state, one.row.uuid) == ("mapreduce", "completed", uuid)


def test_ops_are_told_that_a_reduce_failed_and_that_it_goes_on(mapreduces, mind):
    mind.reduce_raises = NotAgain("no rates for today")
    one = mapreduces.start(items(20), on_tolerance="pause")
    one.becomes("paused")
    found = until(lambda: Episode.objects.filter(subject=f"batch-reduce:{one.row.uuid}").first())
    assert "no rates for today" in found.cause
    mind.reduce_raises = None
    one.signal("resume", "olga")
    one.result()
    found.refresh_from_db()
    assert found.ended_at is not None


@pytest.mark.parametrize(
    ("returned", "status", "value"),
    [
        ({"total": 6, "count": 3, "average": 2.0}, "completed", {"total": 6, "count": 3, "average": 2.0}),
        (None, "completed", None),
        ({"status": "open"}, "completed", {"status": "open"}),
        ({"status": "failed", "batch": "u", "not_run": 2, "total": 9}, "failed", None),
        ({"status": "invalid", "errors": ["no"]}, "invalid", None),
    ],
)
def test_what_was_returned_is_understood_without_the_row(returned, status, value):
    found = as_batch(returned, 10, 1)
    assert (found["status"], found.get("value")) == (status, value)
    if status == "completed":
        assert (found["total"], found["successful"], found["failed"], found["not_run"]) == (10, 9, 1, 0)
