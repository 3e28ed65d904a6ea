"""A batch through a real Temporal server and a real worker: each way it may go, and that its counts stay true."""

import threading
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from temporalio.service import RPCError

from audit.models import Entry
from batches.models import Failure
from live.counting import totals
from tests.temporal import until

ITEMS = [{"n": n, "word": "fine"} for n in range(35)]


def with_words(*bad, number=35, word="raises"):
    return [{"n": n, "word": word if n in bad else "fine"} for n in range(number)]


@pytest.mark.parametrize("job", ["echo", "told", "told_quick", "told_plain"])
def test_every_item_is_run_once_and_what_it_returned_is_kept(batches, told, job):
    batch = batches.start(ITEMS, job)
    result = batch.result()
    assert (result["status"], result["total"], result["successful"], result["success_rate"]) == ("completed", 35, 35, 1)
    assert [(line["item"], line["result"]) for line in batch.results()] == [(str(n + 1), ITEMS[n]) for n in range(35)]
    assert job == "echo" or set(told.calls.values()) == {1}
    row = batch.row
    assert (row.state, row.total, row.succeeded, row.result) == ("completed", 35, 35, result)
    assert f"batch-{row.uuid}" == batch.handle.id


def test_what_fails_is_tried_again_and_kept_with_its_reason(batches, told):
    batch = batches.start(with_words(3, 17), tolerated_failure_rate=0.1)
    result = batch.result()
    assert (result["status"], result["successful"], result["failed"]) == ("completed", 33, 2)
    assert batch.failures() == [(str(n + 1), f"order {n} of 'somebody' was refused") for n in (3, 17)]
    assert result["failed_items"][1] == {"item": "18", "error": "order 17 of 'somebody' was refused"}
    assert batch.groups() == {"order ‹n› of ‹…› was refused": 2}
    assert told.calls['{"n": 3, "word": "raises"}'] == 3
    assert Failure.objects.get(number=3).attempts == 3


def test_above_its_tolerance_it_fails_and_what_is_known_stays(batches, told):
    batch = batches.start(with_words(*range(8)), item_attempts=1, max_parallel=1)
    result = batch.result()
    failed = result["failed"]
    assert result["status"] == "failed"
    assert 4 <= failed <= 8
    assert result["successful"] + failed + result["not_run"] == 35
    assert f"{failed} of 35 items failed" in result["reason"]
    assert len(batch.failures()) == failed
    assert len(batch.results()) == result["successful"]
    assert [event.kind for event in batch.row.events.order_by("number")] == ["begun", "failing"]


def test_above_its_tolerance_it_does_not_run_a_large_chunk_to_its_end(batches, told):
    batch = batches.start(with_words(*range(400), number=400), item_attempts=1, chunk_size=200, max_parallel=2)
    result = batch.result()
    assert result["status"] == "failed"
    assert 40 < result["failed"] <= 2 * (40 + 1 + 10)
    assert result["not_run"] == 400 - result["failed"]
    assert len(batch.failures()) == result["failed"]


def test_a_lower_pace_holds_what_runs_already(batches, told):
    """Else chunks of thousands would go on as fast as they can, whatever the new limits say."""
    told.permits = threading.Semaphore(5)
    items = [{"n": n, "word": "fine"} for n in range(1_000)]
    batch = batches.start(items, "told", chunk_size=500, max_parallel=2)
    until(lambda: told.calls.total() == 5)
    batch.signal("set_limits", {"pace": {"kind": "sliding_window", "limit": 3, "per_seconds": 3_600}})

    def held():
        told.permits.release(1)  # what runs at this moment ends
        now = batch.told()
        return now if now["waits"]["cause"] == "pace" and not now["running"] else None

    now = until(held, what="its pace holds it")
    assert now["succeeded"] < 500
    batch.signal("set_limits", {"pace": None})
    told.permits.release(10_000)
    assert batch.result()["successful"] == 1_000
    assert set(told.calls.values()) == {1}


def test_or_it_pauses_and_asks_and_goes_on_once_somebody_has_seen_it(batches, told):
    items = with_words(*range(8))
    batch = batches.start(items, item_attempts=1, max_parallel=1, on_tolerance="pause")
    now = batch.becomes("paused", running=0)
    failed = now["failed"]
    assert 4 <= failed <= 8
    assert f"{failed} of 35 items failed" in now["paused_reason"]
    told.well.add("raises")
    batch.signal("retry_failed", "olga", "", 3)
    batch.signal("resume", "olga", "they have mended it")
    result = batch.result()
    assert (result["status"], result["successful"], result["failed"]) == ("completed", 35 - failed + 3, failed - 3)
    assert len(batch.failures()) == failed - 3
    kinds = [(event.kind, event.cause, event.actor) for event in batch.row.events.order_by("number")]
    assert kinds == [
        ("begun", "", ""),
        ("paused", "tolerance", ""),
        ("retried", "order", "olga"),
        ("resumed", "order", "olga"),
    ]


def test_paused_nothing_is_in_flight_and_what_was_not_run_is_run_later(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=2)
    batch.becomes("running", running=20)
    batch.signal("pause", "olga", "they move house")
    batch.becomes("pausing", running=20)
    told.open.set()
    now = batch.becomes("paused", running=0)
    assert (now["paused_by"], now["paused_reason"]) == ("olga", "they move house")
    assert now["succeeded"] == 20, "what had begun was ended"
    batch.signal("set_limits", {"max_parallel": 1, "actor": "olga"})
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 35
    assert set(told.calls.values()) == {1}
    assert len(told.keys) == 35
    entries = Entry.objects.filter(stream=f"batch:{batch.row.uuid}").order_by("seq")
    assert [entry.kind for entry in entries] == [
        *("batch.begun", "batch.paused", "batch.limited", "batch.resumed", "batch.closed"),
    ]
    assert (entries[1].actor, entries[1].known) == ("olga", "program")


def test_what_a_paused_batch_came_to_is_written_down_before_it_rests(batches, told):
    """Or its row would say "pausing" for as long as the pause lasts, with items that run."""
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=2)
    until(lambda: batch.told()["running"] == 20)
    batch.signal("pause", "olga", "They move house")
    until(lambda: batch.row.state == "pausing")
    told.open.set()
    said = batch.becomes("paused", running=0)
    row = until(lambda: batch.row if batch.row.state == "paused" else None)
    assert (row.running, row.succeeded) == (0, said["succeeded"])


def test_a_pause_does_not_wait_for_items_that_have_not_begun(batches, told):
    """Ten of a chunk run at once; the others of it are left, and run later, once."""
    told.permits = threading.Semaphore(0)
    batch = batches.start([{"n": n} for n in range(1_000)], chunk_size=1_000, max_parallel=1)
    batch.becomes("running", running=1_000)
    batch.signal("pause", "olga", "a look")

    def paused_once_one_more_has_ended():
        told.permits.release()
        return batch.told()["state"] == "paused"

    until(paused_once_one_more_has_ended)
    now = batch.told()
    assert 0 < now["pending"] < 1_000
    assert now["running"] == 0
    told.permits.release(1_000)
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 1_000
    assert set(told.calls.values()) == {1}


def test_a_pace_holds_and_is_changed_while_it_runs(batches, told):
    batch = batches.start(ITEMS, pace={"kind": "sliding_window", "limit": 5, "per_seconds": 3_600})
    now = batch.becomes("running", succeeded=5, running=0, pending=30)
    assert now["pace"] == [{"kind": "sliding_window", "limit": 5, "per_seconds": 3_600, "burst": None}]
    batch.signal("set_limits", {"pace": None, "actor": "olga"})
    assert batch.result()["successful"] == 35
    assert batch.row.events.get(kind="limited").what == "no pace"


def test_a_rolling_window_waits_for_its_slowest_and_rests(batches, told):
    told.permits = threading.Semaphore(19)  # one of the twenty items of the first two chunks has to wait
    batch = batches.start(ITEMS, window="rolling", max_parallel=2, window_pause_seconds=0.5)
    batch.becomes("running", succeeded=10, running=10, pending=15)
    told.permits.release(100)
    assert batch.result()["successful"] == 35
    handle = batch.handle
    history = batch.house.run(handle.fetch_history())
    timers = [event for event in history.events if event.HasField("timer_started_event_attributes")]
    assert len(timers) >= 1


def test_cancelled_it_ends_what_runs_and_says_what_was_not_run(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=2)
    batch.becomes("running", running=20)
    batch.signal("cancel", "olga", "the wrong file")
    batch.becomes("stopping")
    told.open.set()
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 20, 15)
    assert result["reason"] == "the wrong file"
    assert batch.row.events.get(kind="cancelling").actor == "olga"


def test_cancelled_in_temporal_it_does_the_same(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=2)
    batch.becomes("running", running=20)
    batch.house.run(batch.handle.cancel())
    batch.becomes("stopping")
    told.open.set()
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 20, 15)
    assert batch.row.state == "cancelled"


def test_cancelled_while_it_is_paused_it_ends_at_once(batches, told):
    batch = batches.start(ITEMS, on_tolerance="pause", pace={"kind": "token_bucket", "limit": 1, "per_seconds": 3_600})
    batch.becomes("running", succeeded=1)
    batch.signal("pause")
    batch.becomes("paused")
    batch.house.run(batch.handle.cancel())
    assert batch.result()["not_run"] == 34


# --- run again ------------------------------------------------------------------------------------------------------


def held_up_by_failures(batches, words, number=30):
    """All have failed but one, and it waits for a word."""
    items = [{"n": n, "word": words[n % len(words)]} for n in range(number)]
    batch = batches.start(items, item_attempts=1, on_tolerance="pause", tolerated_failure_rate=0.9, max_parallel=3)
    batch.becomes("paused", failed=number)
    return batch


def test_all_failed_items_are_run_again(batches, told):
    batch = held_up_by_failures(batches, ["raises", "never"])
    told.well |= {"raises", "never"}
    batch.signal("retry_failed", "olga")
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 30
    assert (batch.failures(), batch.groups()) == ([], {})
    assert len(batch.results()) == 30


def test_one_group_is_run_again_and_the_others_stay(batches, told):
    batch = held_up_by_failures(batches, ["raises", "never"])
    group = batch.row.groups.get(words="there is no such order").fingerprint
    told.well.add("never")
    batch.signal("retry_failed", "olga", group)
    batch.signal("resume", "olga")
    result = batch.result()
    assert (result["successful"], result["failed"]) == (15, 15)
    assert batch.groups() == {"order ‹n› of ‹…› was refused": 15}


def test_a_sample_is_run_first_and_one_that_fails_again_is_not_run_for_ever(batches, told):
    batch = held_up_by_failures(batches, ["raises"])
    batch.signal("retry_failed", "olga", "", 4)
    batch.signal("resume", "olga")
    assert batch.result()["failed"] == 30
    assert sorted(told.calls.values()) == [1] * 26 + [2] * 4
    assert batch.row.groups.get().number == 30


def test_after_the_close_the_failed_items_are_a_batch_of_their_own(batches, told, upload):
    rows = "".join(f"{n},{'raises' if n % 4 == 0 else 'fine'}\n" for n in range(40))
    first = batches.start(
        source={"uri": upload("n,word\n" + rows)}, item_key="n", tolerated_failure_rate=1, item_attempts=1
    )
    assert first.result()["failed"] == 10
    told.well.add("raises")
    again = batches.start(source={"failed_of": str(first.row.uuid)})
    assert again.result()["successful"] == 10
    assert [line["item"] for line in again.results()] == [str(n) for n in range(0, 40, 4)]
    other = batches.start(source={"failed_of": str(first.row.uuid), "group": "of no cause"})
    assert "No item of that batch has failed of this cause" in other.result()["errors"][0]
    nothing = batches.start(source={"failed_of": first.handle.id.replace("batch-", "x")})
    assert "There is no batch" in nothing.result()["errors"][0]
    none_left = batches.start(source={"failed_of": again.handle.id})
    assert none_left.result()["errors"] == ["No item of that batch has failed, so there is nothing to do."]


# --- what it is given ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [(), (None,), ("x",), ({},), ({"title": "x"}, None, "more")])
def test_a_spec_that_is_none_is_refused_with_sentences_and_has_its_row(batches, given):
    batch = batches.start_given(*given)
    result = batch.result()
    assert result["status"] == "invalid"
    assert result["errors"]
    assert (batch.row.state, batch.row.result) == ("invalid", result)
    assert Entry.objects.get(stream=f"batch:{batch.row.uuid}").kind == "batch.closed"


def test_an_unknown_job_and_arguments_that_do_not_fit_are_said(batches, told):
    unknown = batches.start([1], "shout").result()["errors"][0]
    assert unknown.startswith("There is no job 'shout'. There are: ")
    assert batches.start([1], "order", job_args={"seconds": "soon", "x": 1}).result()["errors"] == [
        "'order' has no argument 'x'.",
        "'order': the argument 'seconds' must be a number, not 'soon'.",
    ]


SOURCES = {
    "empty": ("", "The file holds nothing, so there is nothing to do."),
    "header only": ("id,b\n", "The file holds only the names of its columns, so there is nothing to do."),
    "twice": ("id,b\n1,x\n2,y\n1,z\n", "Two items have the same 'id': '1' is in lines 2 and 4."),
    "no such column": ("a,b\n1,2\n", "There is no column 'id' that could name the items, only: a, b."),
    "a long line": ("id\n" + "x" * 1_000_002, "Line 2 is longer than 1,000,000 bytes."),
}


@pytest.mark.parametrize("what", SOURCES)
def test_a_source_that_cannot_be_used_is_refused_with_its_sentence(batches, upload, what):
    content, said = SOURCES[what]
    result = batches.start(source={"uri": upload(content)}, item_key="id").result()
    assert (result["status"], len(result["errors"])) == ("invalid", 1)
    assert said in result["errors"][0]


def test_files_outside_the_uploads_are_refused_by_dots_and_by_links_too(batches, upload, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    link = Path(settings.DATA_DIR) / "uploads" / f"{uuid.uuid4()}.csv"
    link.symlink_to(secret)
    dots = f"file://{settings.DATA_DIR}/uploads/../../{secret}"
    for uri in (f"file://{secret}", dots, link.as_uri()):
        (error,) = batches.start(source={"uri": uri}).result()["errors"]
        assert "is not below a folder that may be read" in error
    (error,) = batches.start(source={"uri": upload("a\n1\n") + ".gone"}).result()["errors"]
    assert "There is no file" in error


def test_rows_that_cannot_be_read_fail_and_the_others_do_not(batches, upload):
    content = b"n,word\n1,fine\n2,fine,more\n3,\xff\n4,fine\n"
    batch = batches.start(source={"uri": upload(content)}, tolerated_failure_rate=1)
    result = batch.result()
    assert (result["successful"], result["failed"]) == (2, 2)
    assert batch.failures() == [
        ("2", "The row has 3 columns, and the first row names 2."),
        ("3", "Byte 3 of the row is not UTF-8."),
    ]


def test_a_file_that_is_changed_while_it_runs_ends_the_batch_and_what_is_known_stays(batches, told, upload):
    told.open.clear()
    uri = upload("n,word\n" + "".join(f"{n},fine\n" for n in range(10, 50)))
    batch = batches.start(source={"uri": uri}, max_parallel=1)
    until(lambda: batch.told()["running"] == 10)
    path = Path(uri.removeprefix("file://"))
    path.write_text(path.read_text().replace("40,fine", "40,evil"))
    told.open.set()
    result = batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("failed", 30, 10)
    assert "The file was changed after the batch had begun" in result["reason"]


# --- what is sent to it ----------------------------------------------------------------------------------------------

RUBBISH = [None, 3, "x", [], {}, {"max_parallel": 0}, {"pace": "x"}, {"no": "thing"}, True, 1e300]


def test_rubbish_wedges_nothing_and_is_shown(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS)
    batch.becomes("running", running=35)
    for name in ("pause", "resume", "set_limits", "retry_failed"):
        batch.signal(name)
        for given in RUBBISH:
            batch.signal(name, given, given, given, given, given, given, given)
    batch.signal("resume")
    told.open.set()
    now = batch.told()
    assert now["problems"]["count"] > 0
    assert now["problems"]["last"]
    assert batch.result()["successful"] == 35


def test_orders_before_its_first_task_count(batches, told):
    batches.house.worker.stop()
    batch = batches.start(ITEMS, max_parallel=1)
    batch.signal("pause", "olga", "not yet")
    batch.signal("set_limits", {"max_parallel": 3})
    batches.house.worker.start()
    now = batch.becomes("paused", pending=35)
    assert (now["max_parallel"], now["paused_by"]) == (3, "olga")
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 35


def test_two_press_at_once_and_a_second_send_counts_once(batches, told):
    batch = batches.start(ITEMS, pace={"kind": "token_bucket", "limit": 1, "per_seconds": 3_600})
    batch.becomes("running", succeeded=1)
    batch.signal("pause", "olga", "mine", "order-1")
    batch.signal("pause", "peter", "mine too", "order-2")
    now = batch.becomes("paused")
    assert now["paused_by"] == "olga"
    batch.signal("resume", "peter", "", "order-3")
    batch.becomes("running")
    batch.signal("pause", "olga", "mine", "order-1")
    assert batch.told()["state"] == "running"
    batch.signal("cancel", "olga")
    assert batch.result()["status"] == "cancelled"


def test_an_ended_batch_takes_no_orders(batches, told):
    batch = batches.start(ITEMS)
    batch.result()
    with pytest.raises(RPCError, match="already completed"):
        batch.signal("cancel", "olga")


def test_one_that_is_started_under_any_id_is_found_by_it(batches, told):
    batch = batches.start_given({"title": "x", "job": "told", "source": {"items": [1]}}, id="nightly import")
    assert batch.result()["batch"] == str(batch.row.uuid)


def test_its_line_and_its_numbers_are_kept(batches, told):
    batch = batches.start(with_words(1, 2), item_attempts=1)
    batch.result()
    last = batch.row.points.order_by("-at").first()
    assert (last.succeeded, last.failed, last.running) == (33, 2, 0)
    assert totals()["batch_items"]['{"outcome": "succeeded"}'] == 33
    assert totals()["batches_closed"]['{"status": "completed"}'] == 1


def test_what_is_ordered_of_one_that_never_begins_is_answered_too(batches):
    batches.house.worker.stop()
    batch = batches.start([1], "shout")
    batch.signal("pause", "olga", "not yet", "click", 0)
    batches.house.worker.start()
    assert batch.result()["status"] == "invalid"
    event = batch.row.events.get()
    assert (event.kind, event.cause, event.action, event.order) == ("refused", "over", "pause", "click")
