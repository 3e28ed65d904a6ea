"""The rungs of a spec, read from whatever a program may send; and how a batch counts while a circuit is open."""

import pytest

from tests.worker.test_batch_counting import OLGA, T, batch, begun, counts, kinds
from worker.batch_contract import read_spec
from worker.batch_holding import OPEN, PAST, TRIAL, without
from worker.batch_rungs import on_open_of
from worker.batch_state import STATE, Piece, plan_of
from worker.batch_telling import result_of, told
from worker.batch_wire import ChunkDone, FailedPlaces, FoundFailed, Gathered
from worker.resilience.ranges import Ranges

GOOD = {"title": "Orders", "job": "http", "job_args": {"url": "x"}, "source": {"items": [1, 2]}, "service": "payments"}
CACHE = {"name": "cache", "job": "echo"}
POPULAR = {"name": "popular", "job": "told"}


def spec(**more):
    read = read_spec({**GOOD, **more})
    assert read.spec, read.errors
    return read.spec


# --- what is said of it ---------------------------------------------------------------------------------------------


def test_rungs_take_the_patience_that_is_usual_for_their_place():
    read = spec(fallbacks=[CACHE, POPULAR])
    assert [(rung.name, rung.timeout_seconds, rung.attempts) for rung in read.fallbacks] == [
        ("cache", 5, 2),
        ("popular", 3, 3),
    ]
    assert (read.item_timeout_seconds, read.item_attempts) == (10, 1), "behind a circuit the job is tried once"
    assert (read.on_open, read.hold_seconds) == ("fallback", 3_600)
    alone = spec(fallbacks=[CACHE], service=None)
    assert (alone.item_timeout_seconds, alone.item_attempts) == (10, 2)


def test_what_is_said_of_patience_counts_and_without_rungs_nothing_changes():
    read = spec(fallbacks=[{**CACHE, "timeout_seconds": 0.5, "attempts": 4}], item_attempts=5, item_timeout_seconds=7)
    assert (read.item_attempts, read.item_timeout_seconds) == (5, 7)
    assert (read.fallbacks[0].timeout_seconds, read.fallbacks[0].attempts) == (0.5, 4)
    assert (spec().item_attempts, spec().item_timeout_seconds) == (3, 30)


@pytest.mark.parametrize(
    ("more", "in_force"),
    [
        ({}, "hold"),
        ({"fallbacks": [CACHE]}, "fallback"),
        ({"on_open": "hold", "fallbacks": [CACHE]}, "hold"),
        ({"on_open": "fail"}, "fail"),
        ({"service": None}, ""),
    ],
)
def test_where_there_is_nobody_to_fall_back_on_an_item_is_held(more, in_force):
    assert on_open_of(spec(**more)) == in_force
    assert plan_of(spec(**more)).on_open == in_force


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fallbacks": "cache"}, "fallbacks must be a list of at most 5 objects"),
        ({"fallbacks": [CACHE] * 6}, "fallbacks must be a list of at most 5 objects"),
        ({"fallbacks": [3]}, "fallbacks: number 1 must be an object with a name and a job."),
        ({"fallbacks": [{"job": "echo"}]}, "fallbacks: number 1: name must be a text."),
        ({"fallbacks": [{"name": "x" * 51, "job": "echo"}]}, "name has 51 characters; at most 50 are taken."),
        ({"fallbacks": [CACHE, {"name": "b"}]}, "fallbacks: number 2: job must be a text."),
        ({"fallbacks": [{**CACHE, "attempts": 0}]}, "attempts must be a whole number from 1 to 100."),
        ({"fallbacks": [{**CACHE, "timeout_seconds": "1"}]}, "timeout_seconds must be a number from 0.01"),
        ({"fallbacks": [{**CACHE, "job_args": [1]}]}, "job_args must be a JSON object"),
        ({"fallbacks": [CACHE, {**POPULAR, "name": "cache"}]}, "fallbacks: 'cache' is there twice"),
        ({"fallbacks": [{"name": "me", "job": "http", "job_args": {"url": "x"}}]}, "'me' names itself"),
        (
            {"fallbacks": [{**CACHE, "service": "payments"}]},
            "stands behind the circuit 'payments' as one above it does",
        ),
        ({"fallbacks": [{**CACHE, "service": "b"}, {**POPULAR, "service": "b"}]}, "the circuit 'b' as one above"),
        ({"on_open": "shrug"}, "on_open must be fallback, hold or fail."),
        ({"on_open": "hold", "service": None}, "on_open: hold needs a service"),
        ({"hold_seconds": 0}, "hold_seconds must be a number from 0.01"),
        ({"hold_seconds": True}, "hold_seconds must be a number from 0.01"),
    ],
)
def test_what_is_wrong_with_rungs_is_said(more, said):
    read = read_spec({**GOOD, **more})
    assert read.spec is None
    assert said in " ".join(read.errors)


# --- how it counts --------------------------------------------------------------------------------------------------


def held(made):
    return counts(made).get("held", 0)


def test_how_many_each_rung_served_is_counted_beside_the_six():
    made = batch(items=12)
    made.end(begun(made), ChunkDone(degraded=3, rungs={"cache": 2, "popular": 1}), T)
    made.end(begun(made), ChunkDone(degraded=1, rungs={"cache": 1}), T)
    assert counts(made) == {"succeeded": 4, "degraded": 4, "pending": 4}
    assert told(made, T)["rungs"] == {"cache": 3, "popular": 1}
    assert STATE.load(STATE.dump(made.state)).rungs == {"cache": 3, "popular": 1}


def test_of_very_many_rungs_some_are_counted_together():
    made = batch(items=40, chunk_size=40)
    made.end(begun(made), ChunkDone(degraded=30, rungs={f"r{n}": 1 for n in range(30)}), T)
    assert len(made.state.rungs) == 21
    assert made.state.rungs["others"] == 10


def test_what_the_circuit_refused_within_a_chunk_is_held_and_the_rest_goes_on():
    made = batch(service="payments", on_open="hold")
    made.end(begun(made), ChunkDone(left=[[1, 4]], held=[[2, 4]], held_reason="5 failures", held_until=T + 60), T)
    assert counts(made) == {"succeeded": 1, "held": 2, "pending": 7}
    assert made.state.todo == [Piece(0, [[1, 2]]), Piece(0, [[2, 4]], held_since=T)]
    assert told(made, T)["holding"] == {"service": "payments", "since": T, "until": T + 3_600}
    assert (made.refused.reason, made.refused_until) == ("5 failures", T + 5)


def test_held_ones_go_first_through_the_circuit_last_as_its_trial_and_never_past_it():
    made = batch(items=8, service="payments", on_open="hold", rungs=["cache"])
    made.end(begun(made), ChunkDone(left=[[0, 4]], held=[[0, 4]]), T)
    assert (made.place(OPEN), made.place(TRIAL), made.place(PAST)) == (0, -1, -1)
    past = made.begin_next(T, mode=PAST, past="5 failures")
    assert (past.chunk, past.past, past.calls) == (1, "5 failures", False)
    assert (made.place(TRIAL), made.place(PAST)) == (0, None)


def test_one_that_is_refused_again_has_been_held_since_the_first_time():
    made = batch(items=4, service="payments", on_open="hold")
    for at in (T, T + 100):
        made.end(begun(made, at), ChunkDone(left=[[0, 4]], held=[[0, 4]]), at)
    assert made.state.todo[0].held_since == T


def test_all_that_waits_is_held_until_the_circuit_lets_through():
    made = batch(service="payments", on_open="hold")
    made.hold(T)
    assert counts(made) == {"held": 10}
    made.let_go()
    assert counts(made) == {"pending": 10}


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_what_somebody_has_stopped_is_not_held_by_a_circuit(stop):
    made = batch(service="payments", on_open="hold")
    made.end(begun(made), ChunkDone(left=[[0, 4]], held=[[0, 4]]), T)
    made.hold(T)
    getattr(made, stop)(OLGA, T + 5)
    assert counts(made) == {"pending": 10}
    assert result_of(made, Gathered())["not_run"] == 10
    assert made.expired(T + 99_999) is None


def test_held_for_as_long_as_it_may_be_an_item_fails_without_a_call():
    made = batch(items=8, service="payments", on_open="hold", hold_seconds=60, tolerated_failure_rate=1)
    made.end(begun(made), ChunkDone(left=[[2, 4]], held=[[2, 4]]), T)
    made.hold(T + 30)
    assert made.expired(T + 59) is None
    assert made.until_expired(T + 59) == 1
    first = made.begin_failing(T + 60, made.expired(T + 60), "too long")
    assert (first.chunk, first.only, first.fail) == (0, [[2, 4]], "too long")
    made.end(first, ChunkDone(failed=2), T + 60)
    assert made.expired(T + 60) is None, "the others are held for half a minute only"
    second = made.begin_failing(T + 90, made.expired(T + 90), "too long")
    made.end(second, ChunkDone(failed=4), T + 90)
    assert counts(made) == {"succeeded": 2, "failed": 6}
    assert made.over


def test_a_failed_item_that_is_run_again_and_refused_is_a_failed_one():
    made = batch(items=4, service="payments", on_open="hold", tolerated_failure_rate=1)
    made.end(begun(made), ChunkDone(failed=1), T)
    made.retry("", 0, OLGA, T)
    made.found(made.wish, FoundFailed([FailedPlaces(0, [[2, 3]])]))
    made.end(begun(made), ChunkDone(left=[[2, 3]], held=[[2, 3]]), T)
    assert counts(made) == {"succeeded": 3, "failed": 1}


def test_a_batch_from_before_there_was_a_choice_waits_as_it_did():
    made = batch(service="payments")
    made.end(begun(made), ChunkDone(left=[[0, 4]], held=[[0, 4]]), T)
    made.hold(T)
    assert counts(made) == {"pending": 10}
    assert kinds(made) == []


def redo(made, *pieces):
    assert made.redo("", 0, OLGA, T)
    made.found(made.wish, FoundFailed([FailedPlaces(*each) for each in pieces]))


def served_by_others(**plan):
    made = batch(items=4, **plan)
    made.end(begun(made), ChunkDone(degraded=3, rungs={"cache": 2, "popular": 1}), T)
    return made


def test_what_is_to_be_served_better_stays_degraded_until_it_is_and_is_counted_once():
    made = served_by_others()
    redo(made, (0, [[0, 2]], "cache"), (0, [[2, 3]], "popular"))
    assert counts(made) == {"succeeded": 1, "degraded": 3}
    assert made.wish is None
    one = begun(made)
    assert (one.redo, counts(made)) == ("cache", {"succeeded": 1, "degraded": 1, "running": 2})
    made.end(one, ChunkDone(degraded=1), T)
    assert counts(made) == {"succeeded": 2, "degraded": 2}
    assert made.state.rungs == {"cache": 1, "popular": 1}
    two = begun(made)
    made.end(two, ChunkDone(left=[[2, 3]]), T)
    assert counts(made) == {"succeeded": 2, "degraded": 2}, "what was not run again is as it was"
    assert made.state.rungs == {"cache": 1, "popular": 1}
    made.end(begun(made), ChunkDone(), T)
    assert counts(made) == {"succeeded": 3, "degraded": 1}
    assert made.over


def test_nobody_serves_it_past_the_circuit_again_and_it_is_not_held_but_degraded():
    made = served_by_others(service="payments", on_open="hold", rungs=["cache", "popular"], hold_seconds=60)
    redo(made, (0, [[0, 2]], "cache"))
    assert (made.place(PAST), made.place(OPEN)) == (None, 0)
    made.hold(T)
    assert counts(made) == {"succeeded": 1, "degraded": 3}
    tired = made.begin_failing(T + 60, made.expired(T + 60), "too long")
    made.end(tired, ChunkDone(degraded=2), T + 60)
    assert counts(made) == {"succeeded": 1, "degraded": 3}


def test_there_has_to_be_something_to_serve_better():
    made = batch()
    assert not made.redo("", 0, OLGA, T)
    assert made.news[-1].cause == "none_degraded"
    made = served_by_others()
    assert not made.redo("gold", 0, OLGA, T)
    assert made.redo("cache", 1, OLGA, T)
    assert made.news[-1].what == "1 of the degraded items that cache served"
    assert (made.wish.redo, made.wish.left, made.wish.group) == (True, 1, "cache")
    assert STATE.load(STATE.dump(made.state)).wishes == made.state.wishes


@pytest.mark.parametrize(
    ("places", "some", "left"),
    [
        ([[0, 9]], [[2, 4]], [[0, 2], [4, 9]]),
        ([[0, 4], [6, 9]], [[3, 7]], [[0, 3], [7, 9]]),
        ([[0, 4]], [[0, 4]], []),
        ([[0, 4]], [], [[0, 4]]),
    ],
)
def test_places_without_some(places, some, left):
    assert without(Ranges(places), Ranges(some)).dump() == left
