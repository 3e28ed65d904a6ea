"""One chunk by itself: what its items may do to it, what it keeps, and that the next run goes on where one stopped."""

import asyncio
import json
import shutil
import threading
import time
import uuid

import pytest

from batches.models import Batch, Failure
from tests.temporal import until
from worker.batch_contract import read_spec
from worker.batch_wire import BatchRef, ChunkDone, PrepareBatch, RunChunk
from worker.chunks import calling, folders, looping, notes, running
from worker.chunks.calling import Caller, words
from worker.chunks.notes import Notes, Overtaken
from worker.chunks.preparing import prepare
from worker.chunks.running import ChunkRun
from worker.hanging import HANGING
from worker.registry import jobs

pytestmark = pytest.mark.django_db(transaction=True)

JOBS = ["told", "told_together", "told_quick", "told_plain"]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(calling, "FIRST_PAUSE", 0.01)


def prepared(items, job="told", **spec):
    """A batch of one chunk, ready to run: its uuid."""
    read = read_spec({"title": "x", "job": job, "source": {"items": items}, "chunk_size": 1_000, **spec})
    assert read.spec, read.errors
    made = prepare(PrepareBatch(BatchRef(f"batch-{uuid.uuid4()}", "run"), read.spec), lambda _n: None)
    assert made.data, made.errors
    return made.uuid


def given(batch, round=1, **more):
    items = folders.order_of(batch).data.items
    return RunChunk(batch, 0, round, items, **more)


def run(batch, round=1, **more):
    return ChunkRun(given(batch, round, **more)).run()


def failures(batch):
    return dict(Failure.objects.filter(batch__uuid=batch).values_list("number", "error"))


def returned(batch):
    found = [json.loads(line) for part in notes.parts(batch) for line in part.read_text().splitlines()]
    return {line["number"]: line["result"] for line in found}


def words_of(*those):
    return [{"n": n, "word": word} for n, word in enumerate(those)]


# --- what items do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS)
def test_each_item_fails_by_itself_and_says_why(told, job):
    batch = prepared(words_of("fine", "raises", "never", "odd", "nan", "exits", "degraded", "interrupts"), job)
    assert run(batch) == ChunkDone(degraded=1, failed=6, rungs={"unnamed": 1})
    found = failures(batch)
    assert found[1] == "order 1 of 'somebody' was refused"
    assert found[2] == "there is no such order"
    assert found[3].startswith("It was done, but what it returned cannot be kept as JSON: ")
    assert found[4].startswith("It was done, but what it returned cannot be kept as JSON: ")
    assert found[5] == "SystemExit: 3"
    assert found[7] == "KeyboardInterrupt"
    assert sorted(returned(batch)) == [0, 6]


@pytest.mark.parametrize("job", ["told", "told_together"])
@pytest.mark.parametrize("word", ["exits", "interrupts"])
def test_a_task_of_a_job_that_would_end_its_loop_ends_it_for_nobody(told, job, word):
    batch = prepared([{"n": 0, "word": word, "apart": True}, {"n": 1}], job, item_attempts=1)
    assert run(batch) == ChunkDone(failed=1)
    assert list(returned(batch)) == [1]


def test_quick_jobs_share_no_loop_for_they_are_called_in_it(told):
    orders = {job: folders.order_of(prepared(words_of("fine"), job)) for job in JOBS}
    callers = {name: Caller(jobs.find(name), order, lambda: False) for name, order in orders.items()}
    assert [name for name, caller in callers.items() if caller.cooperative] == ["told_together", "told_plain"]


@pytest.mark.parametrize("job", JOBS)
def test_what_raises_is_tried_again_as_often_as_the_spec_says_and_what_was_done_is_not(told, job):
    batch = prepared(words_of("raises", "never", "odd"), job, item_attempts=4)
    run(batch)
    assert sorted(told.calls.values()) == [1, 1, 4]
    attempts = dict(Failure.objects.values_list("number", "attempts"))
    assert attempts == {0: 4, 1: 1, 2: 1}


@pytest.mark.parametrize("job", JOBS)
def test_one_that_goes_well_the_second_time_has_not_failed(told, job, monkeypatch):
    batch = prepared(words_of("raises"), job)
    does = told.does

    def then_it_is_mended(key, item):
        try:
            return does(key, item)
        finally:
            told.well.add("raises")

    monkeypatch.setattr(told, "does", then_it_is_mended)
    assert run(batch) == ChunkDone()
    assert told.calls.total() == 2
    assert len(told.keys) == 1, "each try has the same key"


@pytest.mark.parametrize("job", ["told", "told_together", "told_plain"])
def test_one_that_hangs_is_given_up_and_the_others_are_not(told, job):
    batch = prepared(words_of("fine", "hangs", "fine"), job, item_timeout_seconds=0.3, item_attempts=1)
    assert run(batch) == ChunkDone(failed=1)
    assert failures(batch) == {1: "It took longer than 0.3 s."}
    until(lambda: HANGING.number == 0, what="the thread has come back")


def test_no_more_hanging_threads_are_made_than_a_worker_bears(told, monkeypatch):
    monkeypatch.setattr(HANGING, "most", 1)
    items = words_of("hangs", "hangs", "fine")
    batch = prepared(items, "told_plain", item_timeout_seconds=0.2, item_attempts=2)
    assert run(batch).failed == 2
    assert "hang in this worker already" in failures(batch)[0]
    until(lambda: HANGING.number == 0)


def test_ten_items_run_at_once(told):
    told.open.clear()
    batch = prepared(words_of(*["fine"] * 25))
    chunk = ChunkRun(given(batch))
    thread = threading.Thread(target=chunk.run)
    thread.start()
    until(lambda: chunk._notes and sum(map(bool, chunk._notes.slots[1:11])) == 10)
    told.open.set()
    thread.join()
    assert told.calls.total() == 25


@pytest.mark.parametrize(("job", "loops"), [("told", 2), ("told_together", 1)])
def test_chunks_of_a_cooperative_job_share_a_loop_and_each_ends_by_itself(told, job, loops):
    told.open.clear()
    chunks, caught = [ChunkRun(given(prepared(words_of(*["fine"] * 25), job))) for _ in range(2)], []

    def overtaken():
        with pytest.raises(Overtaken):
            chunks[0].run()
        caught.append(True)

    threads = [threading.Thread(target=overtaken), threading.Thread(target=chunks[1].run)]
    for thread in threads:
        thread.start()
    until(lambda: all(chunk._notes and sum(map(bool, chunk._notes.slots[1:11])) == 10 for chunk in chunks))
    running.count(chunks[0].given)
    chunks[0].lose()
    told.open.set()
    for thread in threads:
        thread.join()
    assert caught
    assert len(told.loops) == loops
    assert len(returned(chunks[1].given.uuid)) == 25


def test_overtaken_nothing_of_it_goes_on_in_the_loop_that_others_share(told):
    told.open.clear()
    chunk, caught = ChunkRun(given(prepared(words_of("fine", *["hangs"] * 9), "told_together"))), []

    def overtaken():
        with pytest.raises(Overtaken):
            chunk.run()
        caught.append(True)

    thread = threading.Thread(target=overtaken)
    thread.start()
    until(lambda: chunk._notes and sum(map(bool, chunk._notes.slots[1:11])) == 10)
    running.count(chunk.given)
    told.open.set()
    thread.join()
    assert caught
    assert not asyncio.all_tasks(looping._SHARED.loop())


def test_keys_are_the_same_for_every_try_of_an_item_and_for_no_other(told):
    batch = prepared(words_of("fine", "fine"))
    run(batch)
    assert told.keys == {f"{batch}/run/0", f"{batch}/run/1"}


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("too dear"), "too dear"), (ValueError(), "ValueError"), (KeyError("a"), "KeyError: 'a'")],
)
def test_an_error_is_told_in_its_own_words(error, said):
    assert words(error) == said


def test_an_order_does_its_three_parts_at_once_and_names_the_one_that_failed(told):
    batch = prepared([{"n": 1}, {"fails": "pay"}], "order", job_args={"seconds": 0.4}, item_attempts=1)
    began = time.monotonic()
    assert run(batch).failed == 1
    assert time.monotonic() - began < 1.1, "as long as the slowest, not as all three"
    assert returned(batch) == {0: {"reserve": "reserve/0", "pay": "pay/0", "quote": "quote/0"}}
    assert failures(batch) == {1: "pay: the service said no"}


# --- stopping -------------------------------------------------------------------------------------------------------


def stopped_in_the_middle(told, items):
    """Ten of them have been run, and the rest is left."""
    told.permits = threading.Semaphore(0)
    batch = prepared(items)
    chunk, done = ChunkRun(given(batch)), []
    thread = threading.Thread(target=lambda: done.append(chunk.run()))
    thread.start()
    until(lambda: chunk._notes and sum(map(bool, chunk._notes.slots[1:11])) == 10)
    chunk.stop()
    told.permits.release(1_000)
    thread.join()
    return batch, done[0]


def test_asked_to_stop_it_ends_what_runs_and_says_what_is_left(told):
    batch, done = stopped_in_the_middle(told, words_of(*["fine"] * 30))
    assert done == ChunkDone(left=[[10, 30]])
    assert run(batch, round=2, only=[[10, 30]]) == ChunkDone()
    assert set(told.calls.values()) == {1}
    assert len(returned(batch)) == 30


def test_nobody_waits_for_another_try_when_it_is_asked_to_stop(told, monkeypatch):
    monkeypatch.setattr(calling, "FIRST_PAUSE", 3_600.0)
    batch, done = stopped_in_the_middle(told, words_of("raises", *["fine"] * 9))
    assert done == ChunkDone(left=[[0, 1]])
    assert failures(batch) == {}


# --- the next run goes on -------------------------------------------------------------------------------------------


def interrupted(batch, done=(), running=(), failed=(), result="x", in_order=False):
    """As if a run had died: what its last checkpoint knew, and what it was running."""
    left = Notes(batch, 0, 1)
    for place in done:
        left.write([json.dumps({"item": "", "number": place, "result": result}) + "\n"])
        left.done.add(place)
    for place in failed:
        left.done.add(place)
        left.kept.failed += 1
    left.save()
    left.write(["after the last checkpoint\n"])
    for slot, place in enumerate(running, 1):
        left.slots[slot] = place + 1
    if not in_order:
        left.leave = lambda: None
    left.close()


@pytest.mark.parametrize("job", JOBS)
def test_after_a_sudden_death_it_goes_on_from_its_checkpoint(told, job):
    batch = prepared(words_of(*["fine"] * 6), job)
    interrupted(batch, done=[0, 1], failed=[2], running=[4])
    assert run(batch) == ChunkDone(failed=1)
    assert sorted(json.loads(call)["n"] for call in told.calls) == [3, 4, 5]
    assert sorted(returned(batch)) == [0, 1, 3, 4, 5]
    assert returned(batch)[0] == "x"


def test_what_ran_when_it_died_is_run_first_and_alone(told):
    batch = prepared(words_of(*["fine"] * 30))
    interrupted(batch, running=[7, 20])
    told.permits = threading.Semaphore(0)
    chunk = ChunkRun(given(batch))
    thread = threading.Thread(target=chunk.run)
    thread.start()
    for place in (7, 20):
        until(lambda place=place: chunk._notes and chunk._notes.slots[1] == place + 1)
        assert not any(chunk._notes.slots[2:11])
        told.permits.release()
    told.permits.release(1_000)
    thread.join()
    assert set(told.calls.values()) == {1}


@pytest.mark.parametrize("job", JOBS)
def test_when_more_have_failed_than_may_it_stops_and_leaves_the_rest(told, job):
    """Else a chunk of thousands would fail to its end before anybody could be asked."""
    batch = prepared(words_of(*["never"] * 200), job, item_attempts=1)
    done = run(batch, most_failed=5)
    assert 6 <= done.failed <= 5 + 10 + 16, "those that ran at that moment, too"
    assert sum(end - start for start, end in done.left) == 200 - done.failed
    assert len(failures(batch)) == done.failed
    again = run(batch, most_failed=5)
    assert (again.failed, again.left) == (done.failed, done.left), "asked twice it runs nothing more"


def test_as_many_as_may_fail_do_not_stop_it(told):
    batch = prepared(words_of(*["never"] * 5, *["fine"] * 50), item_attempts=1)
    done = run(batch, most_failed=5)
    assert (done.failed, done.left) == (5, [])


def test_of_all_chunks_of_a_process_only_one_runs_a_suspect(told):
    """If it dies, it is known whose fault it was; those that wait for their turn are not blamed, nor called stalled."""
    batches = [prepared(words_of(*["fine"] * 5)) for _ in range(2)]
    told.permits = threading.Semaphore(0)
    for batch in batches:
        interrupted(batch, running=[2])
    running_it, waiting = (ChunkRun(given(batch)) for batch in batches)
    thread = threading.Thread(target=running_it.run)
    thread.start()
    until(lambda: running_it._notes and running_it._notes.slots[1] == 3)
    overtaken = []

    def runs():
        try:
            waiting.run()
        except Overtaken as error:
            overtaken.append(error)

    other = threading.Thread(target=runs)
    other.start()
    until(lambda: waiting._notes and waiting._notes.slots[notes._LEFT])
    after = Notes(batches[1], 0, 1)
    assert (after.deaths_of(2), after.kept.stalled) == (1, 0)
    after.close()
    told.permits.release(1_000)
    thread.join()
    other.join()
    assert overtaken
    assert told.calls.total() == 5, "it was overtaken before it had its turn"
    assert run(batches[1]) == ChunkDone()
    assert failures(batches[1]) == {}


@pytest.mark.parametrize("job", JOBS)
def test_one_that_ran_at_three_deaths_has_failed_and_is_not_run_again(told, job):
    batch = prepared(words_of(*["fine"] * 5), job)
    for _ in range(3):
        interrupted(batch, running=[3])
    assert run(batch) == ChunkDone(failed=1)
    assert failures(batch) == {3: "Its worker died or hung while it ran, 3 times."}
    assert told.calls.total() == 4


def test_one_that_dies_before_it_begins_gives_up_after_a_while(told):
    batch = prepared(words_of(*["fine"] * 5))
    for _ in range(5):
        interrupted(batch)
    assert run(batch) == ChunkDone(failed=5)
    assert "its worker stopped several times" in failures(batch)[0]


def test_a_run_that_ended_in_order_is_nobodys_fault_however_often(told):
    """As when a worker is asked to end and has no time left for the item, or does not know the job."""
    batch = prepared(words_of(*["fine"] * 3))
    for _ in range(5):
        interrupted(batch, running=[0], in_order=True)
    assert run(batch) == ChunkDone()
    assert told.calls.total() == 3


def test_a_failure_that_was_written_and_forgotten_is_cleared_when_it_goes_well(told):
    """It was in the database, and the worker died before the checkpoint: this time the item goes well."""
    batch = prepared(words_of("raises", "fine"), item_attempts=1)
    run(batch)
    shutil.rmtree(folders.work_of(batch))
    told.well.add("raises")
    interrupted(batch)
    assert run(batch) == ChunkDone()
    assert failures(batch) == {}
    assert not Batch.objects.get(uuid=batch).groups.filter(number__gt=0).exists()


def test_asked_twice_a_chunk_that_is_done_says_the_same_and_runs_nothing(told):
    batch = prepared(words_of("raises", "degraded", "fine"))
    first = run(batch)
    calls = told.calls.total()
    assert run(batch) == first
    assert told.calls.total() == calls
    assert len(returned(batch)) == 2


def test_what_one_has_done_that_ended_without_a_word_is_counted(told):
    batch = prepared(words_of(*["fine"] * 6))
    interrupted(batch, done=[0, 1], failed=[5], running=[3])
    assert running.count(given(batch)) == ChunkDone(failed=1, left=[[2, 5]])
    assert sorted(returned(batch)) == [0, 1]


def test_one_that_was_overtaken_writes_nothing_more(told):
    batch = prepared(words_of("fine", "raises"), item_attempts=1)
    told.open.clear()
    late = ChunkRun(given(batch))
    caught = []

    def runs():
        try:
            late.run()
        except Overtaken as overtaken:
            caught.append(overtaken)

    thread = threading.Thread(target=runs)
    thread.start()
    until(lambda: late._notes and late._notes.slots[2])
    assert running.count(given(batch)) == ChunkDone(left=[[0, 2]])
    told.open.set()
    thread.join()
    assert caught
    assert (failures(batch), returned(batch)) == ({}, {})


def test_a_database_that_is_away_holds_it_up_and_nothing_is_run_twice(told, monkeypatch):
    from worker import registry

    real, away = registry._handlers["batches.record_failures"], [True] * 3

    def record(given):
        if away:
            away.pop()
            raise OSError("the database is away")
        real(given)

    monkeypatch.setitem(registry._handlers, "batches.record_failures", record)
    batch = prepared(words_of("raises", *["fine"] * 5), item_attempts=1)
    assert run(batch) == ChunkDone(failed=1)
    assert set(told.calls.values()) == {1}
    assert list(failures(batch)) == [0]


def test_a_job_that_this_worker_does_not_know_is_left_to_another(told):
    from worker import registry

    batch = prepared(words_of("fine"))
    known = registry.jobs._known.pop("told")
    try:
        for _ in range(5):
            with pytest.raises(registry.Missing, match="does not know the job"):
                run(batch)
    finally:
        registry.jobs._known["told"] = known
    assert run(batch) == ChunkDone()


def test_without_its_folder_it_says_so(told):
    chunk = given(prepared(words_of("fine")))
    shutil.rmtree(folders.folder_of(chunk.uuid))
    folders.order_of.cache_clear()
    done = ChunkRun(chunk).run()
    assert "The folder of the batch cannot be read" in done.error
    assert done.left == [[0, 1]]
