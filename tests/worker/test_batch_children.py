"""What a child of a batch is given, how it is called and what it is made of: pure, and read from any JSON."""

from dataclasses import replace

import pytest

from worker.batch_children import (
    ChildDone,
    HeldAlone,
    RunChild,
    added,
    dump,
    id_of,
    read_child,
    rest_left,
    runs_of,
    safe,
    with_bound,
)
from worker.batch_wire import ChunkDone

UUID = "7d4b1c6e-6a4f-4f37-9d0c-0f8a5b9c2d11"
CHILD = RunChild(UUID, first=25, items=30, round=4, chunk_size=20, total=57)


def test_a_child_is_made_of_the_chunks_that_its_items_lie_in():
    assert [(run.chunk, run.items, run.only, run.round) for run in runs_of(CHILD)] == [
        (1, 20, [[5, 20]], 4),
        (2, 17, [[0, 15]], 4),
    ]


def test_a_whole_chunk_is_one_run_without_places():
    child = RunChild(UUID, first=40, items=17, round=1, chunk_size=20, total=57)
    assert [(run.chunk, run.items, run.only) for run in runs_of(child)] == [(2, 17, None)]


def test_places_of_a_child_are_counted_from_its_own_first_item():
    child = RunChild(UUID, first=25, items=30, round=4, chunk_size=20, total=57, only=[[0, 2], [14, 17]])
    assert [(run.chunk, run.only) for run in runs_of(child)] == [(1, [[5, 7], [19, 20]]), (2, [[0, 2]])]


def test_what_its_chunks_have_left_is_said_in_its_own_places():
    first, second = runs_of(CHILD)
    child = added(CHILD, first, ChunkDone(degraded=1, failed=2, left=[[10, 12]]))
    child = added(child, second, ChunkDone(failed=1, left=[[14, 15]]))
    assert (child.at, child.done) == (2, ChunkDone(1, 3, [[5, 7], [29, 30]]))


def test_chunks_that_are_not_begun_are_left_whole():
    child = rest_left(added(CHILD, runs_of(CHILD)[0], ChunkDone(failed=1)))
    assert child.done == ChunkDone(0, 1, [[15, 30]])


def test_what_has_failed_before_counts_against_what_may():
    child = added(RunChild(**{**vars(CHILD), "most_failed": 3}), runs_of(CHILD)[0], ChunkDone(failed=2))
    assert with_bound(runs_of(child)[1], child).most_failed == 1
    assert with_bound(runs_of(CHILD)[1], CHILD).most_failed is None


def test_what_is_written_for_it_is_what_it_reads():
    child = added(CHILD, runs_of(CHILD)[0], ChunkDone(1, 2, [[10, 12]]))
    assert read_child(dump(child)) == child
    assert ChildDone().done == ChunkDone()


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "../../etc"},
        {"uuid": None},
        {"first": -1},
        {"items": 0},
        {"items": "many"},
        {"items": 33},
        {"total": 2**50, "items": 2**49},
        {"round": True},
        {"chunk_size": 0},
        {"only": [[3, 2]]},
        {"only": [[0, 31]]},
        {"only": [[5, 9], [0, 2]]},
        {"only": [["a", "b"]]},
        {"only": 7},
        {"most_failed": -2},
        {"chunk_timeout_seconds": "soon"},
        {"done": 3},
        {"done": {"left": [[0, 99]]}},
        {"done": {"error": 1}},
    ],
    ids=str,
)
def test_what_no_batch_gives_to_a_child_is_refused(change):
    assert read_child({**dump(CHILD), **change}) is None


@pytest.mark.parametrize("given", [None, 3, "x", [], {}, True])
def test_neither_is_what_is_no_object(given):
    assert read_child(given) is None


# --- held by a circuit with nobody waiting for it ------------------------------------------------------------------

FIRST, SECOND = runs_of(CHILD)


def refused(*left):
    return ChunkDone(left=list(left), held=[list(left[0])], held_reason="5 failures in a row")


def holding(seconds=60.0):
    held = HeldAlone(replace(CHILD, hold_seconds=seconds, service="payments"))
    held.begin(FIRST)
    return held


def test_what_is_held_is_so_since_its_first_refusal_and_then_fails_in_the_words_of_a_batch():
    held = holding()
    held.tried(refused([5, 20]), 100)
    held.tried(refused([9, 20]), 140)
    assert held.left(141) == 19
    assert held.left(161) == 0
    failing = held.fail(FIRST, refused([9, 20]))
    assert (failing.only, failing.round) == ([[9, 20]], FIRST.round)
    assert failing.fail == (
        "The circuit of payments stayed open: 5 failures in a row. It was held for 60 s, which is as long as it may be."
    )


def test_the_next_chunk_has_waited_with_it_unless_something_of_it_is_served():
    held = holding()
    held.tried(refused([5, 20]), 100)
    held.fail(FIRST, refused([5, 20]))
    held.begin(SECOND)
    held.tried(refused([0, 15]), 161)
    assert held.left(161) == 0
    held.begin(SECOND)
    held.tried(refused([3, 15]), 161)
    assert held.left(161) == 60


def test_what_a_worker_left_that_had_to_end_is_not_held():
    held = holding()
    held.tried(ChunkDone(left=[[5, 20]]), 100)
    assert held.left(900) is None


def test_a_child_of_an_older_batch_holds_without_end():
    held = holding(0.0)
    held.tried(refused([5, 20]), 100)
    assert held.left(1e9) is None


def test_a_child_is_called_by_what_it_does_and_again_by_its_round():
    assert id_of("batch-1", UUID, "chunk", "7", None) == "batch-1-chunk-7"
    assert id_of("batch-1", UUID, "item", "8", 31) == "batch-1-item-8-31"
    assert id_of("x" * 950, UUID, "item", "8", None) == f"batch-{UUID}-item-8", "Temporal takes a thousand characters"


@pytest.mark.parametrize(
    ("text", "called"),
    [("acme", "acme"), ("a/b c", "a_b_c.3"), ("", "none.3"), ("é", "none.3"), ("x" * 70, "x" * 60 + ".3")],
    ids=["plain", "odd", "empty", "foreign", "long"],
)
def test_a_value_becomes_a_part_of_an_id(text, called):
    assert safe(text, 3) == called
