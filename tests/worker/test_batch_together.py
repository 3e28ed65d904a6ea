"""Which chunks go to a worker together: short ones, while others have a place beside them; each is counted once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.test_batch_counting import OLGA, T, batch, counts
from worker.batch_binding import binding
from worker.batch_state import STATE, Piece, Wish
from worker.batch_together import begin_with, end_all, gathers, together
from worker.batch_wire import ChunkDone, Costs
from worker.resilience.pace import Limit


def quick(items=10_000, chunk_size=10, parallel=50, milliseconds=7, clock=40, **plan):
    """A batch of which one chunk has ended."""
    made = batch(items, chunk_size, **plan)
    made.state.quick, made.state.max_parallel = True, parallel
    costs = Costs(chunk_size, 1, 1, standing=500, whole=500 + clock, busy=milliseconds)
    made.end(made.begin_next(T), ChunkDone(costs=costs), T)
    return made


def begun(made):
    """As the workflow does: all that may be begun, each errand a list of chunks."""
    errands = []
    while len(made.running) < made.state.max_parallel and not gathers(made, T):
        piece = made.begin_next(T)
        if not isinstance(piece, Piece):
            break
        errands.append([piece, *begin_with(made, piece, T)])
    return errands


def test_short_chunks_go_together_and_leave_places_for_other_errands():
    errands = begun(quick())
    assert [[piece.chunk for piece in errand] for errand in errands[:2]] == [list(range(1, 9)), list(range(9, 17))]
    assert [len(errand) for errand in errands] == [8] * 6


def test_the_next_wait_until_there_are_places_for_all_of_them_and_that_is_parallelism():
    made = quick()
    first, second, *_others = begun(made)
    assert len(made.running) == 48 <= made.state.max_parallel
    assert binding(made, T, 0.0, False, None).cause == "parallel"
    for errand in (first, second):
        end_all(made, errand, ChunkDone(more=[ChunkDone()] * 7), T)
    assert [len(errand) for errand in begun(made)] == [8, 8]


def test_they_take_no_longer_together_than_a_tenth_of_a_second():
    assert together(quick(milliseconds=30), T) == 3
    assert together(quick(milliseconds=51), T) == 1
    assert together(quick(milliseconds=0), T) == 8
    assert together(quick(milliseconds=9_000), T) == 1


def test_a_busy_machine_holds_them_up_and_that_is_no_reason_to_send_them_alone():
    assert together(quick(clock=250), T) == 8
    assert together(quick(clock=1_000), T) == 2
    assert together(quick(clock=3_000), T) == 1, "it says that it is quick, and waits"


def test_whoever_waits_or_is_held_goes_alone():
    assert together(quick(parallel=10), T) == 1, "few at once: each is an errand of its own"
    assert together(quick(service="shop"), T) == 1
    made = quick()
    made.state.quick = False
    assert together(made, T) == 1
    made = quick()
    made.state.pace = [Limit("token_bucket", 100_000, 1)]
    assert together(made, T) == 1
    made = quick()
    made.state.wishes = [Wish("", None, 1)]
    assert together(made, T) == 1


def test_what_was_left_is_run_first_and_alone():
    made = quick()
    made.end(made.begin_next(T), ChunkDone(left=[[0, 10]]), T)
    assert [len(errand) for errand in begun(made)[:2]] == [1, 8]


def test_nothing_is_known_before_a_chunk_has_ended():
    made = batch(10_000, 10)
    made.state.quick, made.state.max_parallel = True, 50
    assert [len(errand) for errand in begun(made)] == [1] * 50


def test_what_was_not_begun_of_them_is_left():
    made = quick()
    errand = begun(made)[0]
    end_all(made, errand, ChunkDone(failed=1, more=[ChunkDone(degraded=2, left=[[8, 10]])]), T)
    assert counts(made) == {
        "succeeded": 25, "failed": 1, "degraded": 2, "running": 400, "pending": 10_000 - 428,
    }  # fmt: skip
    assert sum(len(piece.only) and made.size(piece) for piece in made.state.todo) == 62


def test_paused_in_between_no_more_of_them_is_begun():
    made = quick()
    made.pause(OLGA, T)
    assert begun(made) == []


def test_a_new_run_knows_it():
    made = quick()
    assert STATE.load(STATE.dump(made.state)).quick


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1_000), st.integers(1, 7), st.integers(6, 60), st.data())
def test_whatever_is_told_of_them_each_item_counts_once(items, chunk_size, parallel, data):
    made = quick(items, chunk_size, parallel)
    while not made.over:
        errands = begun(made)
        assert len(made.running) <= parallel
        assert errands, "something is always begun when nothing is under way"
        for errand in errands:
            known = data.draw(st.integers(0, len(errand) - 1))
            left = [[0, 1]] if known and errand[known].only is None else []
            end_all(made, errand, ChunkDone(more=[ChunkDone(left=left)] * known), T)
    assert counts(made) == {"succeeded": items}
