"""The strips, the rate line and the table of a circuit: pure, from what was counted and what happened."""

from datetime import UTC, datetime, timedelta

import pytest

from circuits.cards import percent, said
from circuits.happened import lines
from circuits.lines import chart, nice
from circuits.queries import Counted, Turn
from circuits.strips import NONE, Cell, strip
from circuits.templatetags.circuits import cell_words, in_words

NOW = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counted(ago, state="closed", ok=10, failed=0, refused=0):
    minute = NOW.replace(second=0) - ago * MINUTE
    return Counted(minute, ok, failed, 0, refused, {}, state)


def drawn(*samples, turns=(), state="closed", width=60, number=10):
    return strip(NOW, width=width, number=number, counted=samples, turns=turns, state=state)


def states(found):
    return [cell.state for cell in found.cells]


def test_a_minute_that_nobody_reported_in_is_no_data_not_healthy():
    found = drawn(counted(0), counted(2))
    assert states(found) == [NONE] * 7 + ["closed", NONE, "closed"]
    assert in_words(found) == "closed 2 min and no data 8 min"


def test_what_was_open_stays_open_with_nobody_reporting():
    opened = Turn(NOW - 4 * MINUTE, "closed", "open")
    assert states(drawn(turns=[opened], state="open")) == [NONE] * 5 + ["open"] * 5


def test_the_worst_state_of_a_cell_is_shown():
    found = drawn(counted(3), counted(2, "open"), counted(1, "half_open"), width=900, number=2)
    assert states(found) == ["open", NONE]


def test_the_legend_counts_seconds_where_a_cell_shows_the_worst():
    """Open for twenty seconds of a quarter of an hour: the cell says open, the legend says how long."""
    turns = [Turn(NOW - timedelta(seconds=60), "closed", "open"), Turn(NOW - timedelta(seconds=40), "open", "closed")]
    found = drawn(counted(0), counted(1, "open"), counted(2), turns=turns, width=900, number=2)
    assert states(found) == ["open", "closed"]
    assert dict(found.times) == {"closed": 130, "open": 20, NONE: 780}
    assert in_words(found) == "closed 2 min, open 20 s and no data 13 min"


def test_without_a_change_it_was_all_the_time_what_it_is():
    assert states(drawn(state="forced_open")) == ["forced_open"] * 10


def test_each_state_has_a_shape_of_its_own():
    names = ("closed", "open", "half_open", "metrics_only", "disabled")
    shapes = {drawn(counted(0, name), state=name, number=1).shapes[0][1] for name in names}
    assert len({*shapes, drawn(number=1).shapes[0][1]}) == 6


def test_a_single_failure_among_thousands_still_shows():
    assert drawn(counted(0, ok=100_000, failed=1)).failures
    assert not drawn(counted(0)).failures


def test_stretches_say_in_words_what_the_strip_draws():
    found = drawn(counted(1, "open", ok=0, refused=40), counted(2, "open", ok=0, refused=2), counted(3)).stretches
    assert [(one.state, one.calls, one.refused) for one in found] == [
        (NONE, 0, 0), ("open", 0, 42), ("closed", 10, 0), (NONE, 0, 0),
    ]  # fmt: skip


def test_a_cell_says_when_and_how_much():
    cell = Cell(int(NOW.timestamp()), "open", True, ok=1_200, failed=3, refused=40)
    assert cell_words(cell, 60) == "12:00: open, 1,203 calls, 3 failed, 40 refused"


def test_the_rate_line_breaks_where_nobody_reported():
    found = chart(drawn(counted(1), counted(2), counted(5), counted(6)).cells)
    assert found.lines[0].path.count("M") == 2
    assert found.lines[0].total == 40
    assert not found.empty


def test_the_minute_that_is_still_filling_is_no_fall():
    assert chart(drawn(counted(0)).cells).empty


@pytest.mark.parametrize(
    ("most", "top"), [(0, 10), (10, 10), (11, 20), (49, 50), (51, 100), (999, 1_000), (2_001, 5_000)]
)
def test_the_scale_ends_at_a_round_number(most, top):
    assert nice(most) == top


def event(number, target, cause, **more):
    usual = {"reason": "", "actor": "", "caller": "w-1", "sample": "", "until": None, "source": "x", "kind": "changed"}
    return {**usual, "number": number, "at": NOW.timestamp() + number, "target": target, "cause": cause, **more}


def test_trials_that_fail_one_after_the_other_are_one_line():
    events = [event(1, "open", "failures")]
    for round_ in range(1, 6):
        events += [event(2 * round_, "half_open", "time"), event(2 * round_ + 1, "open", "probe_failed")]
    found = lines([], {"transitions": events})
    assert [(one.cause, one.number_of_trials) for one in found] == [("probe_failed", 5), ("failures", 0)]
    assert (found[0].at - found[0].first_at).total_seconds() == 8


def test_an_order_between_trials_keeps_its_place():
    events = [
        event(1, "half_open", "time"), event(2, "open", "probe_failed"), event(3, "open", "order", kind="configured"),
        event(4, "half_open", "time"), event(5, "open", "probe_failed"), event(6, "half_open", "time"),
    ]  # fmt: skip
    assert [one.number_of_trials for one in lines([], {"transitions": events})] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("number", "words"),
    [(None, "–"), (0, "0"), (0.01, "<0.1"), (0.42, "0.4"), (9.96, "9.9"), (12.4, "12"), (4321.0, "4,321")],
)
def test_a_rate_is_said_as_fine_as_it_means_something(number, words):
    assert said(number) == words


def test_a_share_of_something_is_never_nought():
    assert percent(0.04) == "<0.1 %"
