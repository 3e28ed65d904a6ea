"""The tree of reduces: which group is begun when, when it is over, and that its state stays small."""

import json

import pytest

from worker.batch_contract import Ordered
from worker.batch_state import BatchState, Plan
from worker.batch_telling import phase_of
from worker.batch_wire import ChunkDone, DataSet
from worker.mapreduce_counting import MapReduce
from worker.mapreduce_state import STATE, MapReduceState
from worker.mapreduce_telling import told

T = 1_700_000_000.0


def made(chunks, fan_in=2, **plan):
    data = DataSet("file:///x", "jsonl", chunks, chunks, 1, "", 0)
    return MapReduce(MapReduceState(BatchState("u", Plan("Sums", **plan), data, T, 3), "add", fan_in))


def mapped(chunks, fan_in=2, **plan):
    one = made(chunks, fan_in, **plan)
    while (piece := one.begin_next(T)) is not None:
        one.end(piece, ChunkDone(), T)
    return one


def climbed(one):
    """Groups by level, as they were begun, one after the other."""
    found: dict[int, list[int]] = {}
    while (group := one.begin_group(T)) is not None:
        found.setdefault(one.tree.level, []).append(group)
        one.end_group(group, T, done=True)
    return found


@pytest.mark.parametrize(
    ("chunks", "fan_in", "levels"),
    [
        (0, 2, [1]),
        (1, 2, [1]),
        (2, 2, [1]),
        (3, 2, [2, 1]),
        (10, 3, [4, 2, 1]),
        (32, 32, [1]),
        (33, 32, [2, 1]),
        (10_000, 32, [313, 10, 1]),
    ],
)
def test_each_level_has_a_group_for_so_many_of_the_level_below_and_the_last_has_one(chunks, fan_in, levels):
    one = mapped(chunks, fan_in)
    assert [len(groups) for groups in climbed(one).values()] == levels
    assert (one.levels, one.over, one.tree.over) == (len(levels), True, True)


def test_no_group_is_begun_before_every_chunk_is_mapped_and_none_of_the_next_level_before_this_one_has_ended():
    one = made(3)
    pieces = [one.begin_next(T) for _ in range(3)]
    for piece in pieces:
        assert one.begin_group(T) is None
        one.end(piece, ChunkDone(), T)
    assert [one.begin_group(T) for _ in range(3)] == [0, 1, None]
    one.end_group(1, T, done=True)
    assert one.begin_group(T) is None
    one.end_group(0, T, done=True)
    assert (one.begin_group(T), one.tree.level, one.over) == (0, 2, False)
    one.end_group(0, T, done=True)
    assert one.over


def test_paused_it_begins_none_and_is_paused_when_none_runs():
    one = mapped(4)
    assert one.begin_group(T) == 0
    one.pause(Ordered("olga"), T)
    assert (one.begin_group(T), phase_of(one)) == (None, "pausing")
    one.end_group(0, T, done=True)
    assert (phase_of(one), one.over) == ("paused", False)
    one.resume(Ordered("olga"), T)
    assert one.begin_group(T) == 1


def test_one_that_fails_for_good_ends_all_or_waits_for_somebody_and_is_begun_anew():
    one = mapped(4)
    one.begin_group(T)
    one.end_group(0, T, done=False, error="no")
    assert (one.over, one.state.stopping_reason) == (True, "The reduce add failed, level 1 of 2: no")
    other = mapped(4, on_tolerance="pause")
    assert [other.begin_group(T), other.begin_group(T)] == [0, 1]
    other.end_group(0, T, done=False, error="no")
    other.end_group(1, T, done=False, error="no")
    assert (phase_of(other), [event.kind for event in other.news].count("paused")) == ("paused", 1)
    other.resume(Ordered("olga"), T)
    assert climbed(other) == {1: [0, 1], 2: [0]}


def test_an_order_to_map_failed_items_again_counts_before_the_reduces_alone():
    one = made(2, tolerated_failure_rate=1)
    first = one.begin_next(T)
    one.end(first, ChunkDone(failed=1), T)
    assert one.retry("", 0, Ordered("olga", id="1"), T)
    other = mapped(2)
    other.begin_group(T)
    assert not other.retry("", 0, Ordered("olga", id="1"), T)
    assert (other.news[-1].kind, other.news[-1].cause) == ("refused", "reducing")


def test_what_survives_a_new_run_is_all_that_counts_and_is_small():
    one = mapped(10_000)
    for _ in range(3):
        one.end_group(one.begin_group(T), T, done=True)
    carried = json.dumps(STATE.dump(one.whole))
    assert len(carried) < 4_000
    again = MapReduce(STATE.load(json.loads(carried)))
    assert told(again) == told(one)
    assert again.begin_group(T) == one.begin_group(T) == 3
