"""What lies on the disk: a run that was begun again, one that comes too late, and what was damaged meanwhile."""

import errno
import os
import tempfile
import uuid

import pytest

from batches.models import Failure
from tests.batches.mapreduce.conftest import items
from worker.batch_wire import BatchRef, ChunkDone, RunChunk
from worker.datasets.references import BadSource
from worker.mapreduce import mapping, partials
from worker.mapreduce.mapping import MapFailed, MapRun
from worker.mapreduce.preparing import prepare
from worker.mapreduce.reducing import ReduceRun
from worker.mapreduce_contract import read_call
from worker.mapreduce_wire import EndMap, PrepareMapReduce, ReduceGroup
from worker.payloads.troubles import NotStored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chunk(mind):
    """Prepared, of one chunk."""

    def made(given, **more):
        read = read_call([given, "told_map", "told_reduce", 100])
        assert read.spec, read.errors
        ref = BatchRef(f"batch-{uuid.uuid4()}", "run")
        done = prepare(PrepareMapReduce(ref, read.spec), lambda _n: None)
        return RunChunk(done.uuid, 0, 1, len(given), **more)

    return made


def run(given, attempt=1):
    return MapRun(given, attempt).run()


def test_done_already_it_is_not_done_again(chunk, mind):
    given = chunk(items(10))
    assert run(given) == run(given, 2) == ChunkDone()
    assert mind.mapped.total() == 1


def test_the_first_and_the_second_time_all_of_it_is_tried_again_and_nothing_is_written_down(chunk):
    given = chunk(items(10, _4="raises"))
    for attempt in (1, 2):
        with pytest.raises(MapFailed, match="order 4 of 'somebody' was refused"):
            run(given, attempt)
    assert not Failure.objects.exists()
    assert run(given, 3) == ChunkDone(failed=1)
    assert list(Failure.objects.values_list("number", "attempts")) == [(4, 3)]


def test_above_the_tolerance_it_stops_and_says_what_is_left(chunk):
    given = chunk(items(64, **{f"_{n}": "never" for n in range(32)}), most_failed=3)
    done = run(given)
    assert (done.failed, done.left) == (4, [[4, 64]])


def test_a_run_that_ends_after_it_was_given_up_changes_nothing(chunk):
    given = chunk(items(10))
    assert mapping.end(EndMap(given, "It took longer than 5 minutes, 3 times.", 3)) == ChunkDone(failed=10)
    assert run(given) == ChunkDone(failed=10)
    assert Failure.objects.filter(error__startswith="It took longer").count() == 10
    assert partials.values_in(partials.of_chunk(given)) == []


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_run_that_is_given_up_while_it_maps_changes_nothing(chunk, mind, monkeypatch, attempt):
    given = chunk(items(10))
    maps = mind.map

    def given_up(handed):
        mapping.end(EndMap(given, "It took longer than 5 minutes, 3 times.", 3))
        return maps(handed)

    monkeypatch.setattr(mind, "map", given_up)
    assert run(given, attempt) == ChunkDone(failed=10)
    assert partials.values_in(partials.of_chunk(given)) == []
    assert Failure.objects.count() == 10


def test_items_that_go_well_at_last_have_not_failed(chunk, mind):
    given = chunk(items(10, _4="never"))
    assert run(given) == ChunkDone(failed=1)
    mind.well.add("never")
    again = RunChunk(given.uuid, 0, 2, 10, only=[[4, 5]], failed=True)
    assert run(again) == ChunkDone()
    assert not Failure.objects.exists()


def test_a_run_that_was_cancelled_leaves_its_items_and_one_that_had_ended_counts(chunk):
    given = chunk(items(10))
    assert mapping.end(EndMap(given)) == ChunkDone(left=[[0, 10]])
    other = chunk(items(10))
    run(other)
    assert mapping.end(EndMap(other)) == ChunkDone()


def test_a_row_that_cannot_be_read_fails_by_itself(chunk, mind, upload):
    uri = upload('{"n": 0, "word": "fine"}\nrubbish\n{"n": 2, "word": "fine"}\n')
    read = read_call([{"uri": uri, "format": "jsonl"}, "told_map", "told_reduce"])
    done = prepare(PrepareMapReduce(BatchRef(f"batch-{uuid.uuid4()}", "run"), read.spec), lambda _n: None)
    assert run(RunChunk(done.uuid, 0, 1, 3)) == ChunkDone(failed=1)
    assert list(mind.mapped) == ["[0, 2]"]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text.replace(b"numbers", b"members"), "is damaged: it is not what was written"),
        (lambda text: text[:-20], "is damaged: it is not what was written"),
        (lambda text: b"", "is damaged: its first line cannot be read"),
    ],
    ids=["altered", "truncated", "emptied"],
)
def test_a_partial_result_that_is_not_what_was_written_is_not_used(chunk, damage, says):
    given = chunk(items(10))
    run(given)
    path = partials.of_chunk(given)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadSource, match=says):
        ReduceRun(ReduceGroup(given.uuid, 1, 0, top=True)).run()


def test_a_file_that_was_changed_since_it_was_counted_is_not_mapped(chunk):
    given = chunk(items(10))
    path = partials.folder_of(given.uuid).parent / "items.jsonl"
    path.write_bytes(path.read_bytes().replace(b"fine", b"dine"))
    done = run(given)
    assert done.left == [[0, 10]]
    assert "was changed" in done.error


def test_what_is_too_much_for_the_memory_is_reduced_in_bites(chunk, mind, monkeypatch):
    read = read_call([items(12), "told_map", "told_reduce", 1])
    done = prepare(PrepareMapReduce(BatchRef(f"batch-{uuid.uuid4()}", "run"), read.spec), lambda _n: None)
    for number in range(12):
        run(RunChunk(done.uuid, number, number + 1, 1))
    monkeypatch.setattr(partials, "LARGEST", 700)
    assert ReduceRun(ReduceGroup(done.uuid, 1, 0, top=True)).run().partials == 12
    [value] = partials.values_in(partials.of_group(done.uuid, 1, 0))
    assert value["numbers"] == list(range(12))
    assert len(mind.reduced) > 1


@pytest.fixture
def full(monkeypatch):
    """While something is in it, the disk is full: half of a file is written, then the system says no."""
    why, opens = [], tempfile.NamedTemporaryFile

    def opened(*args, **more):
        file = opens(*args, **more)

        def no_room(_content):
            os.write(file.fileno(), b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        if why:
            file.write = no_room
        return file

    monkeypatch.setattr(partials.tempfile, "NamedTemporaryFile", opened)
    return why


def test_on_a_full_disk_maps_and_reduces_say_so_leave_nothing_half_written_and_go_on_once_there_is_room(chunk, full):
    given, lost = chunk(items(10)), chunk(items(10))
    top = ReduceRun(ReduceGroup(given.uuid, 1, 0, top=True))
    for of, work in [
        (given.uuid, lambda: run(given)),
        (lost.uuid, lambda: mapping.end(EndMap(lost))),
        (given.uuid, top.run),
    ]:
        before = _files(of)
        full.append("always")
        with pytest.raises(NotStored, match=r"Nothing can be stored in .*: there is no space left"):
            work()
        assert _files(of) == before
        full.clear()
        work()
    [value] = partials.values_in(partials.of_group(given.uuid, 1, 0))
    assert value["numbers"] == list(range(10))


def _files(of):
    return [path for path in partials.folder_of(of).rglob("*") if path.is_file()]


def test_of_two_words_on_the_same_the_first_one_counts(tmp_path):
    path = tmp_path / "partials" / "0"
    assert partials.write(path, partials.Word(failed=1), b"[]") == partials.Word(failed=1)
    assert partials.write(path, partials.Word(), b"[1]") == partials.Word(failed=1)
    assert (partials.values_in(path), partials.names_in(path.parent)) == ([], [path])
