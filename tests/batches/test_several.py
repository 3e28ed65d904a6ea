"""Chunks that go together: each has its own notes, so that whatever ends them, every item is run and counted once."""

import threading
from pathlib import Path

import pytest

from tests.batches.test_chunks import failures, prepared, returned, words_of
from worker.batch_wire import ChunkDone, RunChunk
from worker.chunks import folders, running, several
from worker.chunks.notes import Overtaken
from worker.chunks.running import ChunkRun
from worker.chunks.several import Several

pytestmark = pytest.mark.django_db(transaction=True)


def all_of(batch, **more):
    data = folders.order_of(batch).data
    return RunChunk(batch, 0, 1, data.items_of(0), more=data.chunks - 1, **more)


def ten(*words, **spec):
    """Ten items in four chunks, the last of one."""
    return prepared(words_of(*words, *["fine"] * (10 - len(words))), "told_quick", chunk_size=3, **spec)


def test_they_are_run_one_by_one_and_each_says_what_became_of_it(told):
    batch = ten("degraded", "fine", "fine", "never", "never")
    done = Several(all_of(batch)).run()
    assert (done.degraded, done.failed) == (1, 0)
    assert [(each.degraded, each.failed, each.left) for each in done.more] == [(0, 2, []), (0, 0, []), (0, 0, [])]
    assert sorted(returned(batch)) == [0, 1, 2, *range(5, 10)]
    assert sorted(failures(batch)) == [3, 4]
    assert set(told.calls.values()) == {1}


def test_begun_again_they_say_the_same_and_run_nothing(told):
    batch = ten("never")
    first = Several(all_of(batch)).run()
    assert Several(all_of(batch)).run() == first
    assert set(told.calls.values()) == {1}
    assert len(returned(batch)) == 9


def test_what_was_done_before_a_sudden_death_is_not_run_again(told):
    batch = ten()
    ChunkRun(running.several(all_of(batch))[0]).run()
    ChunkRun(running.several(all_of(batch))[1]).run()
    assert told.calls.total() == 6
    assert len(Several(all_of(batch)).run().more) == 3
    assert set(told.calls.values()) == {1}


def test_asked_to_stop_it_begins_no_other(told):
    batch = ten()
    chunks = Several(all_of(batch))
    chunks.stop()
    assert chunks.run() == ChunkDone(left=[[0, 3]])
    assert told.calls.total() == 0


def test_where_they_take_long_the_rest_is_left_to_others(told, monkeypatch):
    monkeypatch.setattr(several, "LONG", -1.0)
    assert Several(all_of(ten())).run() == ChunkDone()
    assert told.calls.total() == 3


def test_when_more_have_failed_than_may_no_other_is_begun(told):
    batch = ten(*["never"] * 10, item_attempts=1)
    done = Several(all_of(batch, most_failed=4)).run()
    assert [done.failed, *(each.failed for each in done.more)] == [3, 2]
    assert done.more[0].left == [[2, 3]]


def test_where_the_file_is_another_one_now_no_other_is_begun(told):
    batch = ten()
    Path(folders.folder_of(batch) / "items.jsonl").write_text("something else\n")
    done = Several(all_of(batch)).run()
    assert "changed" in done.error
    assert done.more == []


def test_whoever_was_overtaken_says_nothing_more(told, monkeypatch):
    batch = ten("fine", "fine", "fine", "lost")
    chunks = Several(all_of(batch))
    does = told.does

    def then_somebody_else_has_them(key, item):
        if item["word"] == "lost":
            chunks.lose()
        return does(key, item)

    monkeypatch.setattr(told, "does", then_somebody_else_has_them)
    with pytest.raises(Overtaken):
        chunks.run()
    assert told.calls.total() == 4


def test_what_ended_without_a_word_is_counted_chunk_by_chunk(told):
    batch = ten("never")
    ChunkRun(running.several(all_of(batch))[0]).run()
    ChunkRun(running.several(all_of(batch))[1]).run()
    done = running.count(all_of(batch))
    assert (done.failed, done.left) == (1, [])
    assert [each.left for each in done.more] == [[], [[0, 3]], [[0, 1]]]


def test_a_heartbeat_tells_of_the_one_that_is_run_and_of_those_before(told, monkeypatch):
    batch, beats = ten("never", "fine", "fine", "stop"), []
    chunks = Several(all_of(batch))
    does = told.does

    def looked_at(key, item):
        beats.append(chunks.beat())
        return does(key, item)

    monkeypatch.setattr(told, "does", looked_at)
    chunks.run()
    assert beats[0] == {"chunk": 0, "done": [], "failed": 0, "degraded": 0}
    assert beats[3] == {"chunk": 1, "done": [], "failed": 0, "degraded": 0, "before": 3, "failed_before": 1}


def test_as_a_program_sees_it_nothing_is_different(batches, told):
    batch = batches.start(list(range(300)), "told_quick", chunk_size=2, max_parallel=24)
    assert batch.result()["successful"] == 300
    assert [line["number"] for line in batch.results()] == list(range(300))
    assert set(told.calls.values()) == {1}
    assert errands(batch) < 100, "of 150 chunks some went together"


def errands(batch):
    history = batch.house.run(batch.handle.fetch_history())
    names = [e.activity_task_scheduled_event_attributes.activity_type.name for e in history.events]
    return names.count("run_chunk")


def test_paused_in_the_midst_and_resumed_each_item_is_run_once(batches, told):
    gate, calls = threading.Event(), []
    does = told.does

    def until_it_is_paused(key, item):
        calls.append(item)
        if len(calls) > 150:
            gate.wait(30)
        return does(key, item)

    told.does = until_it_is_paused
    batch = batches.start(list(range(400)), "told_quick", chunk_size=2, max_parallel=24)
    batch.becomes("running")
    batch.signal("pause", "olga", "a look")
    gate.set()
    batch.becomes("paused", running=0)
    batch.signal("resume", "olga")
    assert batch.result()["successful"] == 400
    assert sorted(calls) == list(range(400))
