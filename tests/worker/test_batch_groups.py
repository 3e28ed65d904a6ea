"""How a batch of groups counts: each group's tolerance is its own, and failed items are found again in their group."""

from worker.batch_children import RunChild
from worker.batch_contract import read_spec
from worker.batch_groups import counting, groups_of
from worker.batch_state import STATE, BatchState, Piece, Wish, plan_of
from worker.batch_wire import ChunkDone, DataSet, FailedPlaces, FoundFailed

SPEC = {
    "title": "Orders", "job": "echo", "source": {"items": [1]}, "strategy": "child_per_chunk", "group_by": "tenant",
    "tolerated_failure_rate": 0.25,
}  # fmt: skip
DATA = DataSet("file:///x", "jsonl", 20, 3, 4, "", 0, starts=[0, 8, 9])
"""Groups of eight, one and eleven items, in chunks of four."""


def batch():
    spec = read_spec(SPEC).spec
    state = BatchState("u", plan_of(spec), DATA, 0.0, 3, groups=groups_of(["acme", "b&b", "zoo"]))
    return counting(state, lambda: True)


def begun(counted, number=3):
    return [counted.begin_next(1.0) for _ in range(number)]


def test_a_chunk_is_a_group_whatever_its_size():
    counted = batch()
    assert [(piece.chunk, counted.size(piece)) for piece in begun(counted)] == [(0, 8), (1, 1), (2, 11)]
    assert [DATA.first_of(n) for n in range(3)] == [0, 8, 9]
    assert counted.running_items == 20


def test_as_many_may_fail_as_are_tolerated_of_the_group():
    counted = batch()
    assert [counted.most_failed_of(Piece(n)) for n in range(3)] == [2, 0, 2]


def test_one_that_is_above_is_stopped_and_its_rest_never_begins_while_others_do():
    counted = batch()
    first, second, third = begun(counted)
    counted.end(first, ChunkDone(failed=3, left=[[3, 8]]), 2.0)
    assert counted.begin_next(3.0) is None
    assert not counted.state.stopping
    counted.end(second, ChunkDone(), 2.0)
    counted.end(third, ChunkDone(failed=2), 2.0)
    assert counted.over
    assert (counted.state.failed, counted.state.succeeded, counted.pending) == (5, 10, 5)
    counted.conclude(4.0)
    assert counted.state.stopping_reason == "More than 25 % failed in 1 of 3 groups: acme"


def test_what_is_left_of_one_that_is_not_above_goes_on():
    counted = batch()
    first = begun(counted, 1)[0]
    counted.end(first, ChunkDone(failed=1, left=[[5, 8]]), 2.0)
    again = counted.begin_next(3.0)
    assert (again.chunk, again.only) == (0, [[5, 8]])
    assert counted.most_failed_of(again) == 1


def test_failed_items_are_found_by_chunks_and_run_again_by_their_groups():
    counted = batch()
    for piece in begun(counted):
        counted.end(piece, ChunkDone(failed=1), 2.0)
    counted.state.wishes.append(Wish("", None, 3))
    counted.found(counted.state.wishes[0], FoundFailed([FailedPlaces(1, [[3, 4]]), FailedPlaces(2, [[0, 2]])]))
    pieces = [counted.begin_next(3.0) for _ in range(3)]
    assert [(piece.chunk, piece.only) for piece in pieces] == [(0, [[7, 8]]), (1, [[0, 1]]), (2, [[0, 1]])]
    assert [group.failed for group in counted.state.groups] == [0, 0, 0]
    assert counted.state.failed == 0


def test_it_survives_a_new_run_and_is_told_with_who_wants_a_look_first():
    counted = batch()
    first = begun(counted, 1)[0]
    counted.end(first, ChunkDone(failed=8), 2.0)
    counted = counting(STATE.load(STATE.dump(counted.state)), lambda: True)
    told = counted.told_groups()
    assert told["groups"][0] == {"name": "acme", "items": 8, "served": 0, "failed": 8, "state": "stopped"}
    assert told["groups_by_state"] == {"waiting": 2, "running": 0, "ended": 0, "stopped": 1}
    assert RunChild("u", DATA.first_of(2), DATA.items_of(2), 1, 4, 20).items == 11
