"""A batch whose workflow somebody has ended in Temporal is closed with what is known, once, in row and ledger."""

import threading
from datetime import timedelta

import pytest

from audit.queries import of_stream
from batches import mending
from batches.models import Batch
from batches.recording import record
from tests.batches.keeping.conftest import kinds, run
from tests.temporal import until
from worker.batch_telling import NOTHING
from worker.batch_wire import BatchNews, BatchRef
from worker.chunks import folders

pytestmark = pytest.mark.django_db(transaction=True)


def half_done(batches, told, *, done=14):
    """Of thirty items so many have ended, among them one that failed; the chunk with the last of them goes on."""
    told.permits = threading.Semaphore(done)
    items = [{"n": n, "word": "never" if n == 3 else "fine"} for n in range(30)]
    batch = batches.start(items, max_parallel=1, tolerated_failure_rate=1)
    batch.becomes("running", succeeded=9, failed=1, running=10)
    row = until(lambda: Batch.objects.filter(workflow_id=batch.handle.id, state="running").first())
    until(lambda: (folders.work_of(str(row.uuid)) / "00000001-00000002.json").exists())
    until(lambda: len(told.calls) >= done)
    return batch


def test_a_terminated_one_is_closed_with_what_its_notes_say(batches, told, outside):
    batch = half_done(batches, told)
    outside.terminate(batch)
    report = run()
    row = batch.row
    assert (row.state, row.total, row.failed, row.running, row.pending) == ("terminated", 30, 1, 0, 16)
    assert (row.succeeded, row.closed_at is not None) == (13, True)
    assert row.result["reason"] == "Its workflow was terminated in Temporal: by mistake"
    assert row.result["results"]["format"] == "jsonl"
    assert row.result["failed_items"] == [{"item": "4", "error": "there is no such order"}]
    assert (report.repaired, report.differing) == (1, 0)
    assert any(row.reference in said and "by mistake" in said for said in report.said)
    assert kinds(row)[-1] == "batch.ended_outside"
    assert not folders.work_of(str(row.uuid)).exists()


def test_twice_it_is_closed_once_and_what_still_comes_of_it_changes_nothing(batches, told, outside):
    batch = half_done(batches, told)
    outside.terminate(batch)
    run()
    before = batch.row
    told.permits = None
    assert run().repaired == 0
    assert kinds(before).count("batch.ended_outside") == 1
    row = batch.row
    assert (row.succeeded, row.failed, row.pending, row.result) == (13, 1, 16, before.result)
    assert len((folders.folder_of(str(row.uuid)) / "results.jsonl").read_text().splitlines()) == 13


def test_notes_that_cannot_be_read_keep_no_batch_open(batches, told, outside):
    batch = half_done(batches, told)
    outside.terminate(batch)
    (folders.work_of(str(batch.row.uuid)) / "00000000-00000001.json").write_text("half a note {")
    report = run()
    row = batch.row
    assert (row.state, row.succeeded, row.pending, report.repaired) == ("terminated", 0, 30, 1)
    assert [entry.data["counted"] for entry in of_stream(row.stream) if "ended_outside" in entry.kind] == ["last_known"]


def test_without_its_notes_it_is_closed_with_what_the_row_knew(batches, told, outside, monkeypatch):
    monkeypatch.setattr("batches.mending.ending.end", lambda uuid: None)
    batch = half_done(batches, told)
    outside.terminate(batch)
    run()
    row = batch.row
    assert (row.state, row.succeeded, row.failed, row.running, row.pending) == ("terminated", 0, 0, 0, 30)


def test_a_dry_run_says_what_it_would_do(batches, told, outside):
    batch = half_done(batches, told)
    outside.terminate(batch)
    report = run(dry_run=True)
    assert any("would be closed" in said for said in report.said)
    assert batch.row.closed_at is None


def test_one_that_ended_a_moment_ago_is_let_be_for_its_chunks_may_still_run(batches, told, outside, monkeypatch):
    monkeypatch.setattr("batches.reconciling.SETTLED", timedelta(hours=1))
    batch = half_done(batches, told)
    outside.terminate(batch)
    report = run()
    assert (report.repaired, report.differing, batch.row.closed_at) == (0, 0, None)


def test_an_open_one_that_temporal_does_not_know_is_drift_and_closed_once_that_has_lasted(
    batches, told, outside, settings
):
    batch = half_done(batches, told)
    outside.terminate(batch)
    outside.forget(batch)
    report = run()
    assert (report.repaired, report.differing) == (0, 1)
    assert batch.row.missing_since
    settings.FORGOTTEN_SECONDS = 0
    report = run()
    assert (report.repaired, report.differing) == (1, 0)
    row = batch.row
    assert (row.state, row.succeeded, row.missing_since) == ("terminated", 13, None)
    assert "does not know its workflow any more" in row.result["reason"]


def test_what_is_forgotten_after_its_end_is_no_drift(batches, outside):
    batch = batches.start(["fine"] * 3)
    batch.result()
    outside.forget(batch)
    report = run()
    assert (report.compared, report.differing) == (0, 0)


def test_one_that_returned_unheard_is_closed_with_what_it_returned(batches):
    """As after a database was restored from yesterday's copy."""
    batch = batches.start(["fine"] * 3 + [{"n": 1, "word": "never"}], tolerated_failure_rate=1)
    result = batch.result()
    until(lambda: batch.row.closed_at)
    Batch.objects.update(
        state="running", total=9, succeeded=1, running=8, failed=0, pending=0, closed_at=None, result=None
    )
    report = run()
    row = batch.row
    assert (row.state, row.total, row.succeeded, row.failed, row.running) == ("completed", 4, 3, 1, 0)
    assert (row.result, report.repaired) == (result, 1)
    assert kinds(row)[-1] == "batch.mended"


@pytest.mark.parametrize(("said", "kind"), [({"pending": 5}, "batch.paused"), ({"failed": 5}, "batch.mended")])
def test_a_row_follows_its_workflow_and_what_no_lag_explains_is_in_the_ledger(batches, told, said, kind):
    told.open.clear()
    batch = batches.start(["fine"] * 5, max_parallel=1, chunk_size=1)
    batch.becomes("running", running=1)
    batch.signal("pause", "olga", "they move house")
    told.open.set()
    batch.becomes("paused")
    until(lambda: batch.row.events_ever == 2)

    def mended() -> int:
        Batch.objects.update(state="running", total=5, succeeded=0, running=0, **{"pending": 0, **said})
        return run().repaired

    until(lambda: mended() == int(kind == "batch.mended"), what="nothing that was on its way is written any more")
    row = batch.row
    assert (row.state, row.succeeded, row.failed, row.pending) == ("paused", 1, 0, 4)
    assert kinds(row)[-1] == kind
    assert run().repaired == 0


def test_one_that_runs_and_has_lost_its_row_gets_it_again(batches, told, monkeypatch):
    monkeypatch.setattr("batches.reconciling.YOUNG", timedelta(0))
    told.open.clear()
    batch = batches.start(["fine"] * 5, max_parallel=1)
    batch.becomes("running", running=5)
    uuid = until(lambda: Batch.objects.filter(state="running").first()).uuid
    Batch.objects.all().delete()
    until(lambda: run().repaired, what="Temporal lists it")
    row = batch.row
    assert (row.uuid, row.title, row.total, row.running) == (uuid, "Orders", 5, 5)


def test_of_another_temporal_nothing_is_closed(batches, settings):
    settings.FORGOTTEN_SECONDS = 0
    for n in range(3):
        Batch.objects.create(workflow_id=f"batch-{n}", first_run_id="r", state="running")
    report = run()
    assert not Batch.objects.exclude(closed_at=None).exists()
    assert any("is it the right one" in said for said in report.said)
    run(forgotten=True)
    assert not Batch.objects.filter(closed_at=None).exists()


def test_one_that_had_ended_and_was_reset_is_drift_and_left_to_people(batches, told, outside, monkeypatch):
    monkeypatch.setattr("batches.reconciling.YOUNG", timedelta(0))
    batch = batches.start(["fine"] * 5)
    batch.result()
    before = until(lambda: Batch.objects.exclude(closed_at=None).first())
    told.open.clear()
    outside.reset(batch)
    report = until(lambda: (found := run()).differing and found, what="Temporal lists it")
    assert any("was reset in Temporal" in said for said in report.said)
    row = batch.row
    assert (row.state, row.succeeded, row.closed_at) == ("completed", 5, before.closed_at)


def test_one_that_was_ended_before_its_items_were_counted_has_none(batches):
    row = Batch.objects.create(workflow_id="batch-x", first_run_id="r")
    assert mending.end_outside(row, reason="by mistake", how="terminated")
    row.refresh_from_db()
    assert (row.state, row.total, row.result["not_run"]) == ("terminated", 0, 0)
    assert not mending.end_outside(row, reason="again", how="terminated")


def test_what_a_workflow_still_had_on_its_way_does_not_open_it_again(batches):
    ref = BatchRef("batch-x", "r")
    counts = {**NOTHING, "total": 3, "running": 3, "state": "running", "title": "Orders"}
    record(BatchNews(ref, "r", 1, 1.0, counts))
    row = Batch.objects.get()
    mending.end_outside(row, reason="by mistake", how="terminated")
    record(BatchNews(ref, "r", 2, 2.0, counts))
    row.refresh_from_db()
    assert (row.state, row.running, row.pending) == ("terminated", 0, 3)
