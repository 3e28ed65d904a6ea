"""How a batch of groups counts: each group's tolerance is its own, and failed items are found again in their group."""

import random

import pytest

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
    numbers = {"items": 8, "served": 0, "degraded": 0, "failed": 8, "held": 0}
    assert told["groups"][0] == {"name": "acme", **numbers, "state": "stopped"}
    assert told["groups_by_state"] == {"waiting": 2, "running": 0, "ended": 0, "stopped": 1}
    assert RunChild("u", DATA.first_of(2), DATA.items_of(2), 1, 4, 20).items == 11


# --- with rungs, and held by a circuit --------------------------------------------------------------------------

SUMS = ("served", "degraded", "failed", "held")
HELD = {"held_reason": "it is open", "held_until": 1e9}


def with_rungs():
    spec = read_spec({**SPEC, "service": "payments", "on_open": "hold", "tolerated_failure_rate": 0.5}).spec
    state = BatchState("u", plan_of(spec), DATA, 0.0, 3, groups=groups_of(["acme", "b&b", "zoo"]))
    return counting(state, lambda: True)


def adds_up(counted):
    """Per group, and as a whole; told the numbers of the whole."""
    state, groups = counted.state, counted.all_groups()
    whole = [state.succeeded + state.degraded, state.degraded, state.failed, counted.held]
    assert [sum(group[name] for group in groups) for name in SUMS] == whole
    running = counted.running_items
    assert state.succeeded + state.degraded + state.failed + counted.held + counted.pending + running == 20
    assert all(0 <= group["degraded"] <= group["served"] for group in groups)
    assert all(group["served"] + group["failed"] + group["held"] <= group["items"] for group in groups)
    return dict(zip(SUMS, whole, strict=True))


def test_degraded_failed_and_held_are_counted_by_group_and_add_up():
    counted = with_rungs()
    first, second, third = begun(counted)
    counted.end(first, ChunkDone(degraded=3, failed=1, rungs={"cached": 3}, left=[[6, 8]], held=[[6, 8]], **HELD), 2.0)
    counted.end(second, ChunkDone(degraded=1, rungs={"cached": 1}), 2.0)
    counted.end(third, ChunkDone(failed=2, left=[[0, 4]], held=[[0, 4]], **HELD), 2.0)
    assert adds_up(counted) == {"served": 11, "degraded": 4, "failed": 3, "held": 6}
    by_name = {group["name"]: [group[name] for name in SUMS] for group in counted.all_groups()}
    assert by_name == {"acme": [5, 3, 1, 2], "b&b": [1, 1, 0, 0], "zoo": [5, 0, 2, 4]}


def test_where_all_is_held_the_rest_of_a_stopped_group_is_not():
    counted = with_rungs()
    first, second = begun(counted, 2)
    counted.end(first, ChunkDone(failed=5, left=[[5, 8]]), 2.0)
    counted.end(second, ChunkDone(left=[[0, 1]], held=[[0, 1]], **HELD), 2.0)
    counted.hold(3.0)
    assert adds_up(counted) == {"served": 0, "degraded": 0, "failed": 5, "held": 12}
    assert counted.pending == 3


def test_served_again_by_the_job_itself_degraded_ones_are_that_group_s_no_more():
    counted = with_rungs()
    first, second, third = begun(counted)
    counted.end(first, ChunkDone(degraded=8, rungs={"cached": 8}), 2.0)
    counted.end(second, ChunkDone(), 2.0)
    counted.end(third, ChunkDone(degraded=2, rungs={"cached": 2}), 2.0)
    counted.state.wishes.append(Wish("", None, 3, redo=True))
    counted.found(counted.state.wishes[0], FoundFailed([FailedPlaces(0, [[0, 4]], "cached")]))
    again = counted.begin_next(3.0)
    assert adds_up(counted) == {"served": 16, "degraded": 6, "failed": 0, "held": 0}
    counted.end(again, ChunkDone(degraded=1, left=[[2, 4]]), 4.0)
    assert adds_up(counted) == {"served": 20, "degraded": 9, "failed": 0, "held": 0}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_becomes_of_its_pieces_each_item_counts_once(seed):
    chance, counted, now = random.Random(seed), with_rungs(), 1.0
    for _ in range(60):
        now += 1.0
        piece = counted.begin_next(now, most=chance.randrange(1, 12)) if chance.random() < 0.6 else None
        if not isinstance(piece, Piece) and counted.running:
            piece = counted.running[chance.choice(sorted(counted.running))]
            places = [place for start, end in piece.only or [[0, counted.size(piece)]] for place in range(start, end)]
            left = [[place, place + 1] for place in places if chance.random() < 0.3]
            held = [each for each in left if chance.random() < 0.5]
            ended = len(places) - len(left)
            failed = chance.randrange(ended + 1) if chance.random() < 0.4 else 0
            degraded = chance.randrange(ended - failed + 1)
            told = {"failed": failed, "degraded": degraded, "left": left, "held": held}
            counted.end(piece, ChunkDone(**told, rungs={"cached": degraded}, **HELD), now)
        elif chance.random() < 0.2:
            counted.hold(now) if chance.random() < 0.5 else counted.let_go()
        adds_up(counted)
