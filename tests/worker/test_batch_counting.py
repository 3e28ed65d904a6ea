"""The counting of a batch: each rule as a sentence; then any order of events, against a plain list of items."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.batch_contract import Limits, Ordered
from worker.batch_counting import Batch
from worker.batch_state import STATE, BatchState, Piece, Plan
from worker.batch_telling import result_of, told
from worker.batch_wire import ChunkDone, DataSet, FailedPlaces, FoundFailed, Gathered
from worker.resilience.pace import Limit

T = 1_700_000_000.0
OLGA = Ordered("olga", "look first")
SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")


def batch(items=10, chunk_size=4, pace=(), **plan):
    data = DataSet("file:///x", "jsonl", items, -(-items // chunk_size), chunk_size, "", 0)
    return Batch(BatchState("u", Plan("Orders", **plan), data, T, max_parallel=3, pace=list(pace)))


def begun(made, now=T):
    piece = made.begin_next(now)
    assert isinstance(piece, Piece)
    return piece


def kinds(made):
    return [(event.kind, event.cause) for event in made.news]


def counts(made):
    return {name: number for name, number in told(made, T).items() if name in SIX and number}


def test_chunks_are_begun_in_order_each_with_a_round_of_its_own():
    made = batch()
    assert [(p.chunk, p.only, p.round) for p in (begun(made), begun(made), begun(made))] == [
        (0, None, 1),
        (1, None, 2),
        (2, None, 3),
    ]
    assert made.begin_next(T) is None
    assert counts(made) == {"running": 10}


def test_what_a_chunk_leaves_is_run_again_before_what_was_not_begun():
    made = batch()
    made.end(begun(made), ChunkDone(failed=1, left=[[2, 4]]), T)
    assert counts(made) == {"succeeded": 1, "failed": 1, "pending": 8}
    again = begun(made)
    assert again == Piece(0, [[2, 4]], round=2)
    made.end(again, ChunkDone(degraded=1), T)
    assert counts(made) == {"succeeded": 2, "degraded": 1, "failed": 1, "pending": 6}


def test_an_activity_that_tells_nonsense_makes_no_items():
    made = batch()
    made.end(begun(made), ChunkDone(degraded=99, failed=99, left=[[3, 900], [-5, 1]]), T)
    assert counts(made) == {"failed": 2, "pending": 8}


def test_a_chunk_is_told_how_many_may_fail_until_somebody_has_seen_that_more_have():
    made = batch(tolerated_failure_rate=0.1, on_tolerance="pause")
    may = made.total // 10
    assert made.most_failed == may
    made.state.failed = 1
    assert made.most_failed == max(0, may - 1)
    made.state.failed = made.total
    assert made.most_failed == 0
    made.state.tolerated = True
    assert made.most_failed is None


def test_only_a_lower_pace_holds_what_runs():
    made = batch()
    for pace, slower in (
        ([Limit("token_bucket", 10, 1.0)], True),
        ([Limit("token_bucket", 20, 1.0)], False),
        ([Limit("token_bucket", 20, 1.0), Limit("sliding_window", 60, 60.0)], True),
        ([], False),
    ):
        made.slowed = False
        made.limit(Limits(None, pace, OLGA), T)
        assert made.slowed is slower


def test_above_its_tolerance_it_stops_and_what_is_known_stays():
    made = batch(tolerated_failure_rate=0.1)
    first, second = begun(made), begun(made)
    made.end(first, ChunkDone(failed=1), T)
    assert made.may_begin, "one of ten is what is tolerated"
    made.end(second, ChunkDone(failed=1), T)
    assert kinds(made) == [("failing", "tolerance")]
    assert made.begin_next(T) is None
    assert made.over
    result = result_of(made, Gathered())
    assert (result["status"], result["successful"], result["failed"], result["not_run"]) == ("failed", 6, 2, 2)
    assert "2 of 10 items failed" in result["reason"]


def test_or_it_pauses_and_goes_on_once_somebody_has_seen_it():
    made = batch(tolerated_failure_rate=0.0, on_tolerance="pause")
    made.end(begun(made), ChunkDone(failed=1), T)
    assert (kinds(made), told(made, T)["state"]) == ([("paused", "tolerance")], "paused")
    assert not made.over
    assert made.resume(OLGA, T)
    made.end(begun(made), ChunkDone(failed=4), T)
    made.end(begun(made), ChunkDone(), T)
    assert made.over
    assert result_of(made, Gathered())["status"] == "completed"


def test_paused_with_nothing_left_it_waits_for_a_word():
    made = batch(items=4)
    piece = begun(made)
    assert made.pause(OLGA, T)
    assert told(made, T)["state"] == "pausing"
    made.end(piece, ChunkDone(), T)
    assert told(made, T)["state"] == "paused"
    assert not made.over
    made.resume(OLGA, T)
    assert made.over


def test_the_same_order_counts_once():
    made = batch()
    order = Ordered("olga", "", "id-1")
    assert made.pause(order, T)
    assert made.resume(Ordered("olga", "", "id-2"), T)
    assert not made.pause(order, T)
    assert (made.state.paused, made.state.interventions) == (False, 2)


def test_a_chunk_larger_than_the_pace_allows_at_once_is_cut():
    made = batch(items=10, chunk_size=10, pace=[Limit("token_bucket", 4, 1.0)])
    assert begun(made).only == [[0, 4]]
    assert made.begin_next(T) == 1.0
    assert begun(made, T + 1).only == [[4, 8]]
    assert begun(made, T + 2).only == [[8, 10]]
    assert counts(made) == {"running": 10}


def test_limits_change_while_it_runs_and_what_was_used_counts_on():
    made = batch(pace=[Limit("sliding_window", 4, 60.0)])
    begun(made)
    made.limit(Limits(7, [Limit("sliding_window", 8, 60.0)], OLGA), T)
    assert made.state.max_parallel == 7
    begun(made)
    assert isinstance(made.begin_next(T), float)
    made.limit(Limits(None, [], OLGA), T)
    begun(made)
    assert made.news[0].what == "7 chunks at once instead of 3, a pace of 8 in 60 s"


def failed_some(made=None):
    """Items 1 and 2 of the first chunk have failed; the others are not begun."""
    made = made or batch(tolerated_failure_rate=1.0)
    made.end(begun(made), ChunkDone(failed=2), T)
    return made


def test_failed_items_are_run_again_and_are_failures_until_they_are_begun():
    made = failed_some()
    assert made.retry("", 0, OLGA, T)
    (wish,) = made.state.wishes
    made.found(wish, FoundFailed([FailedPlaces(0, [[1, 3]])], None))
    assert counts(made) == {"succeeded": 2, "failed": 2, "pending": 6}
    piece = begun(made)
    assert (piece.only, piece.failed) == ([[1, 3]], True)
    assert counts(made) == {"succeeded": 2, "running": 2, "pending": 6}
    made.end(piece, ChunkDone(failed=1), T)
    assert counts(made) == {"succeeded": 3, "failed": 1, "pending": 6}
    assert not made.state.wishes


def test_a_failed_item_that_was_not_reached_is_a_failure_again():
    made = failed_some()
    made.retry("", 0, OLGA, T)
    made.found(made.state.wishes[0], FoundFailed([FailedPlaces(0, [[1, 3]])], None))
    made.end(begun(made), ChunkDone(left=[[2, 3]]), T)
    assert counts(made) == {"succeeded": 3, "failed": 1, "pending": 6}
    assert begun(made) == Piece(0, [[2, 3]], round=3, failed=True)


def test_a_wish_for_a_sample_ends_with_it_and_one_for_all_goes_on_page_by_page():
    made = failed_some()
    made.retry("g", 1, OLGA, T)
    made.found(made.state.wishes[0], FoundFailed([FailedPlaces(0, [[1, 2]])], 1))
    assert not made.state.wishes
    made.retry("", 0, OLGA, T)
    made.found(made.state.wishes[0], FoundFailed([FailedPlaces(0, [[1, 2]])], 1))
    assert made.state.wishes[0].after == 1


def test_two_wishes_never_begin_an_item_twice():
    made = failed_some()
    made.retry("", 0, OLGA, T)
    made.retry("", 0, OLGA, T)
    made.found(made.wish, FoundFailed([FailedPlaces(0, [[1, 2]])], 1))
    assert made.wish is None, "its page is not begun yet"
    first = begun(made)
    made.found(made.wish, FoundFailed([FailedPlaces(0, [[2, 3]])], None))
    second = begun(made)
    made.end(first, ChunkDone(failed=1), T)
    assert made.wish is None, "until its run has ended, the database still knows it as failed"
    made.end(second, ChunkDone(), T)
    assert made.wish.round == 1


def test_nothing_is_ordered_of_one_that_stops():
    made = failed_some()
    made.cancel(OLGA, T)
    assert not any((made.pause(OLGA, T), made.resume(OLGA, T), made.retry("", 0, OLGA, T), made.cancel(OLGA, T)))
    assert kinds(made) == [("cancelling", "cancelled"), *[("refused", "over")] * 4]
    assert result_of(made, Gathered())["status"] == "cancelled"


def test_the_state_survives_json_whatever_its_data_it_is_small():
    made = batch(items=1_000_000, chunk_size=500, tolerated_failure_rate=1.0)
    for _ in range(2_000):
        made.end(begun(made), ChunkDone(failed=3), T)
    kept = json.dumps(STATE.dump(made.state))
    assert len(kept) < 4_000
    assert STATE.load(json.loads(kept)) == made.state


@pytest.mark.parametrize("state", ["next", None])
def test_a_state_of_another_version_is_refused(state):
    with pytest.raises(ValueError):
        STATE.load({"kind": "batch", "version": 2, "state": state})


# --- any order of events, against a plain list of items -------------------------------------------------------


class Model:
    """Each item by itself, and a Batch beside it."""

    def __init__(self, items, chunk_size, pace, on_tolerance):
        self.batch = batch(items, chunk_size, pace, on_tolerance=on_tolerance, tolerated_failure_rate=0.5)
        self.items = ["pending"] * items
        self.rows = {}
        self.now = T

    def numbers(self, piece):
        first = piece.chunk * self.batch.state.data.chunk_size
        places = piece.only if piece.only is not None else [[0, self.batch.state.data.items_of(piece.chunk)]]
        return [first + place for start, end in places for place in range(start, end)]

    def begin(self):
        piece = self.batch.begin_next(self.now)
        if not isinstance(piece, Piece):
            return
        for number in self.numbers(piece):
            assert self.items[number] == ("failed" if piece.failed else "pending"), "nothing is begun twice"
            self.items[number] = "running"

    def end(self, draw):
        piece = draw(st.sampled_from(list(self.batch.running.values())))
        outcomes = st.sampled_from(["succeeded", "succeeded", "degraded", "failed", "left"])
        first = piece.chunk * self.batch.state.data.chunk_size
        became = {number: draw(outcomes) for number in self.numbers(piece)}
        left = [[n - first, n - first + 1] for n, outcome in became.items() if outcome == "left"]
        of = list(became.values()).count
        self.batch.end(piece, ChunkDone(of("degraded"), of("failed"), left), self.now)
        unrun = "failed" if piece.failed else "pending"
        for number, outcome in became.items():
            self.items[number] = unrun if outcome == "left" else outcome
            if outcome == "failed":
                self.rows[number] = piece.round
            elif outcome != "left":
                self.rows.pop(number, None)

    def wish(self):
        """As the database would answer: an item is there until its new run has gone well."""
        wish = self.batch.wish
        size = self.batch.state.data.chunk_size
        found = sorted(n for n, round in self.rows.items() if round <= wish.round and n > wish.after)
        page = found[: min(3, wish.left or 3)]
        chunks = [FailedPlaces(n // size, [[n % size, n % size + 1]]) for n in page]
        self.batch.found(wish, FoundFailed(chunks, page[-1] if len(page) < len(found) else None))

    def order(self, draw):
        made, now = self.batch, self.now
        orders = [
            lambda: made.pause(OLGA, now),
            lambda: made.resume(OLGA, now),
            lambda: made.retry("", draw(st.integers(0, 3)), OLGA, now),
            lambda: made.limit(Limits(draw(st.integers(1, 5)), draw(PACES), OLGA), now),
        ]
        draw(st.sampled_from(orders))()

    def agrees(self):
        found = told(self.batch, self.now)
        assert {name: found[name] for name in SIX} == {name: self.items.count(name) for name in SIX}
        assert sum(found[name] for name in SIX) == found["total"] == len(self.items)


PACES = st.sampled_from([[], [Limit("token_bucket", 2, 1.0)], [Limit("sliding_window", 3, 5.0)]])


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 25), st.integers(1, 7), PACES, st.sampled_from(["fail", "pause"]))
def test_whatever_happens_each_item_is_counted_once(data, items, chunk_size, pace, on_tolerance):
    model = Model(items, chunk_size, pace, on_tolerance)
    for _ in range(data.draw(st.integers(1, 40))):
        model.now += data.draw(st.sampled_from([0.0, 0.5, 3.0]))
        steps = [model.begin, lambda: model.order(data.draw)]
        steps += [lambda: model.end(data.draw)] * 2 if model.batch.running else []
        steps += [model.wish] * 2 if model.batch.wish else []
        data.draw(st.sampled_from(steps))()
        model.agrees()
        if not model.batch.running:
            model.batch = Batch(STATE.load(json.loads(json.dumps(STATE.dump(model.batch.state)))))
            model.agrees()


# --- where in its data it is -------------------------------------------------------------------------------------


def test_it_tells_which_chunks_run_which_are_left_and_which_are_next():
    made = batch(items=40)
    pieces = [begun(made, T + n) for n in range(3)]
    made.end(pieces[1], ChunkDone(left=[[1, 4]]), T + 3)
    said = told(made, T + 4)
    assert (said["next_chunk"], said["chunks_running"], said["chunks_left"]) == (3, [[0, 1], [2, 3]], [[1, 2]])
    assert said["oldest"] == [{"chunk": 0, "since": T}, {"chunk": 2, "since": T + 2}]


def test_it_knows_its_slowest_chunk_and_the_median_of_the_last_ones():
    made = batch(items=400)
    for n in range(40):
        made.end(begun(made, T), ChunkDone(), T + (50 if n == 3 else 2 if n > 20 else 1))
    said = told(made, T)
    assert said["slowest"] == {"chunk": 3, "seconds": 50.0}
    assert said["median_seconds"] == 2
    assert len(made.state.lasted) == 31


def test_a_part_of_a_chunk_says_nothing_about_how_long_a_chunk_takes():
    made = batch(items=40)
    made.end(begun(made, T), ChunkDone(left=[[1, 4]]), T + 1)
    made.end(begun(made, T + 1), ChunkDone(), T + 90)
    assert (told(made, T)["slowest"], told(made, T)["median_seconds"]) == (None, None)


def test_what_it_tells_of_chunks_stays_small():
    made = batch(items=40_000)
    made.state.max_parallel = 500
    made.state.todo = [Piece(chunk) for chunk in range(0, 4_000, 2)]
    for _ in range(500):
        begun(made)
    assert len(json.dumps(told(made, T))) < 8_000


def test_the_rate_of_a_steady_batch_is_its_rate_at_any_moment():
    """Buckets are six seconds wide: whichever part of one has passed, nothing is counted into too short a time."""
    made = batch(items=100_000, chunk_size=10)
    rates = []
    for n in range(400):
        made.end(begun(made, T + n), ChunkDone(), T + n + 0.5)
        rates.append(told(made, T + n + 0.6)["rate"])
    assert min(rates[70:]) > 9.5
    assert max(rates[70:]) < 10.5
