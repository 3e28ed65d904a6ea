"""What has ended within chunks that still run: it counts when they end, and the page says so of each number."""

import time

import pytest

from batches.models import Batch, Failure, FailureGroup
from batches.page import batch_page
from batches.under_way import under_way
from tests.batches.pages.conftest import written
from tests.temporal import until
from worker import client as door
from worker.client import Pending

pytestmark = pytest.mark.django_db


def beat(chunk, done, failed=0):
    return {"chunk": chunk, "done": done, "failed": failed, "degraded": 0}


RUNNING = {"running": 2_000, "chunks_in_flight": 2, "chunks_running": [[0, 2]]}


@pytest.fixture
def chunks(temporal, monkeypatch):
    """A batch of which two chunks of a thousand items run, and what their heartbeats tell."""

    def begun(*beats, **more):
        told = [Pending("run_chunk", "taken", time.time(), beat=each) for each in beats]
        monkeypatch.setattr(door, "pending", lambda _id, **_more: told)
        row = written(pending=3_000)
        temporal.says(row, **{**RUNNING, "pending": 1_000, **more})
        return row

    return begun


def test_what_has_ended_within_chunks_is_said_beside_what_counts(chunks, see, rita):
    page = see(rita, chunks(beat(0, [[0, 400]], 300), beat(1, [[0, 279]])).get_absolute_url())
    assert "Done 0 %, 22.6 % with those in chunks under way" in page
    assert "Failed 0 0 % of 10 % tolerated, 300 more in chunks under way" in page
    assert "Running 2,000 Pending 1,000 adds up to 3,000" in page
    assert "Of the 2,000 running 679 have ended already, 300 of them failed: they are counted when" in page
    assert "At most 20 are being run right now, 10 to a chunk." in page


def test_what_is_not_known_of_them_is_not_said(chunks, see, rita):
    page = see(rita, chunks().get_absolute_url())
    assert "Running are all items of the chunks under way: they are counted when their chunk ends. At most 20" in page
    assert "Done 0 % Rate" in page


def test_where_all_that_count_as_running_are_being_run_nothing_is_added(chunks, see, rita):
    page = see(rita, chunks(running=15, pending=2_985).get_absolute_url())
    assert "right now" not in page


def test_an_old_heartbeat_of_a_chunk_that_has_ended_counts_for_nothing():
    known = under_way(RUNNING, [beat(0, [[0, 50]]), beat(7, [[0, 1_000]]), None, {"chunk": 1}, "odd"])
    assert (known.ended, known.failed, known.now, known.rest) == (50, 0, 20, 1_930)


def test_never_more_have_ended_than_count_as_running():
    known = under_way({**RUNNING, "running": 5}, [beat(0, [[0, 50]], 40)])
    assert (known.ended, known.failed, known.now) == (5, 5, 0)


def test_to_cancel_it_is_asked_with_what_is_true(chunks, client, olga):
    row = chunks(beat(0, [[0, 400]], 300), beat(1, [[0, 279]]))
    client.force_login(olga)
    asked = {"action": "cancel", "reason": "no", "shown": "0", "ask": "1", "order_id": str(row.uuid)}
    page = " ".join(client.post(f"{row.get_absolute_url()}order/", asked).content.decode().split())
    assert "At most 20 items are being run right now, 10 to a chunk: these end, and count." in page
    assert "The rest is left: 2,301 items, or a few more, are never run." in page
    assert "679 items are done, 300 of them failed." in page


def test_failures_in_chunks_that_still_run_are_told_apart(chunks, see, rita):
    row = chunks(failed=9, pending=991)
    FailureGroup.objects.create(batch=row, fingerprint="f", words="no", number=13)
    Failure.objects.create(batch=row, number=1, key="1", error="no", fingerprint="f", attempts=1, round=1)
    said = "4 of them are in chunks that still run, and are counted when these end"
    assert f"Look at all 13 failed items {said}" in see(rita, row.get_absolute_url())
    assert f"March invoices · {said} ·" in see(rita, f"{row.get_absolute_url()}failures/")
    FailureGroup.objects.update(number=9)
    assert "still run, and" not in see(rita, row.get_absolute_url())


@pytest.mark.django_db(transaction=True)
def test_a_real_chunk_tells_what_has_ended_in_it(batches, told, alive):
    """No chunk has ended, and the page knows of each item that has."""
    items = [{"n": n, "word": "raises" if n < 3 else "hangs" if n == 29 else ""} for n in range(30)]
    batch = batches.start(items, chunk_size=30, item_attempts=1)
    row = until(lambda: Batch.objects.filter(state="running").first())
    known = until(lambda: (page := batch_page(str(row.uuid))).under_way.ended == 29 and page, seconds=30)
    assert (known.under_way.failed, known.under_way.now, known.progress["running"], known.ended) == (3, 1, 30, 0)
    batch.signal("cancel")
