"""What a batch tells of why it begins no more: what binds now and since when, and how the last minute was spent."""

import pytest

from tests.worker.test_batch_counting import T, batch, begun
from worker.batch_binding import binding
from worker.batch_contract import Limits, Ordered
from worker.batch_state import STATE
from worker.batch_telling import told
from worker.batch_waiting import Waiting, Waits
from worker.batch_wire import ChunkDone, Costs, ServiceSays
from worker.resilience.pace import Limit

SECOND, HOUR = Limit("token_bucket", 10, 1), Limit("sliding_window", 100, 3_600)


def cause(made, wait=0.0, draining=False, says=None):
    return binding(made, T, wait, draining, says).cause


def test_all_places_are_taken_or_nothing_is_left_to_begin():
    made = batch(items=40)
    for _ in range(3):
        begun(made)
    assert binding(made, T, 0.0, False, None) == Waits("parallel", limit=3)
    made = batch(items=4)
    begun(made)
    assert cause(made) == "last"


def test_of_several_paces_the_one_that_allows_least_is_named():
    made = batch(pace=[SECOND, HOUR])
    assert binding(made, T, 5.0, False, None) == Waits("pace", until=T + 5, limit=100, per_seconds=3_600)


def test_a_pace_that_is_taken_away_while_it_waited_stops_nothing():
    """Somebody may order that while its service is asked; the workflow's next turn knows."""
    assert cause(batch(pace=[]), wait=5.0) == "last"


def test_what_a_service_said_is_told_as_it_said_it():
    budget = ServiceSays(0, 5.0, "budget", 100, 60.5, 1, "closed", T + 9)
    circuit = ServiceSays(0, 5.0, "circuit", state="open", until=T + 24, reason="5 failures in a row")
    told = binding(batch(), T, 5.0, False, budget)
    assert (told.cause, told.limit, told.per_seconds, told.others, told.until) == ("budget", 100, 60.5, 1, T + 9)
    told = binding(batch(), T, 5.0, False, circuit)
    assert (told.cause, told.state, told.reason) == ("circuit", "open", "5 failures in a row")


def test_what_people_ordered_comes_before_everything_else():
    made = batch(pace=[SECOND])
    made.pause(Ordered("olga"), T)
    assert cause(made, wait=5.0) == "paused"
    made.cancel(Ordered("olga"), T)
    assert cause(made, wait=5.0) == "stopping"
    assert cause(batch(), draining=True) == "draining"


def test_a_rolling_window_waits_for_its_slowest_and_rests():
    made = batch(window="rolling")
    piece = begun(made)
    assert cause(made) == "rolling"
    made.end(piece, ChunkDone(), T)
    made.state.rest_until = T + 30
    assert binding(made, T, 30.0, False, None) == Waits("resting", until=T + 30)


# --- since when, and how long ----------------------------------------------------------------------------------------


def test_since_when_it_is_so_stays_while_it_is_so():
    waiting = Waiting()
    waiting.note(Waits("pace", limit=5), T)
    waiting.note(Waits("pace", limit=9), T + 10)
    assert (waiting.now.since, waiting.now.limit) == (T, 9)
    waiting.note(Waits("parallel"), T + 20)
    assert waiting.now.since == T + 20


def test_the_last_minute_is_shared_out():
    waiting = Waiting()
    waiting.note(Waits("pace"), T)
    waiting.note(Waits("parallel"), T + 30)
    assert waiting.shares(T + 40) == {"pace": 0.75, "parallel": 0.25}
    assert waiting.shares(T + 40) == waiting.shares(T + 40), "asking changes nothing"
    assert waiting.shares(T + 600) == {"parallel": 1.0}
    assert Waiting().shares(T) == {}


def test_under_other_limits_it_is_shared_out_anew():
    made = batch()
    made.state.waiting.note(Waits("pace"), T)
    assert made.limit(Limits(max_parallel=3), T + 50)
    made.state.waiting.note(Waits("parallel"), T + 51)
    assert made.state.waiting.shares(T + 55) == {"pace": 0.2, "parallel": 0.8}


@pytest.mark.parametrize("step", [0.01, 1.0, 50.0, 5_000.0])
def test_it_stays_small_whatever_happens(step):
    waiting, now = Waiting(), T
    for n in range(500):
        now += step
        waiting.note(Waits(["pace", "parallel", "budget"][n % 3]), now)
    assert len(waiting.slices) <= 12
    assert sum(waiting.shares(now).values()) == pytest.approx(1, abs=0.01)


def test_it_survives_a_new_run_and_a_state_from_before_it_is_read():
    made = batch()
    made.state.waiting.note(Waits("pace", until=T + 5), T)
    kept = STATE.dump(made.state)
    assert STATE.load(kept) == made.state
    for name in ("waiting", "costs", "asked", "lent"):
        del kept["state"][name]
    del kept["state"]["plan"]["service"]
    assert STATE.load(kept).waiting.now.cause == ""


def test_how_long_items_took_is_told_once_some_have_ended():
    made = batch(items=8)
    assert told(made, T)["work"] is None
    made.end(begun(made), ChunkDone(costs=Costs(4, 3_200, 100, 50, 1_000)), T)
    assert told(made, T)["work"] == {"items": 4, "item_seconds": 0.8, "reading": 0.1, "standing": 0.05}
    assert told(made, T + 600)["work"] is None
