"""What a circuit counts: every report once, the minutes add up to the totals, and a row of failures is what it was."""

from hypothesis import given
from hypothesis import strategies as some

from worker.resilience import counting
from worker.resilience.circuit_state import CLOSED, KEPT_CALLERS, KEPT_MINUTES, STATES, CircuitState
from worker.resilience.report import Report

START = 1_790_000_000.0
number = some.integers(0, 50)
rungs = some.dictionaries(some.sampled_from(["rules", "popular"]), number, max_size=2)
reports = some.lists(
    some.tuples(some.floats(0, 90), some.builds(Report, ok=number, failed=number, refused=number, fallback=rungs)),
    max_size=40,
)


@given(reports)
def test_minutes_add_up_to_the_totals(given):
    state, now = CircuitState(), START
    for pause, report in given:
        now += pause
        counting.count(state, report, now)
    for name in ("ok", "failed", "refused"):
        wanted = sum(getattr(report, name) for _pause, report in given)
        assert sum(getattr(minute, name) for minute in state.minutes) == getattr(state.totals, name) == wanted
    for rung in ("rules", "popular"):
        wanted = sum(report.fallback.get(rung, 0) for _pause, report in given)
        assert sum(minute.fallback.get(rung, 0) for minute in state.minutes) == wanted


@given(some.lists(some.floats(60, 3_600), min_size=KEPT_MINUTES, max_size=KEPT_MINUTES + 30))
def test_minutes_that_nobody_fetched_are_put_together_and_none_is_lost(pauses):
    state, now = CircuitState(), START
    for pause in pauses:
        now += pause
        counting.count(state, Report(ok=1), now)
    assert len(state.minutes) <= KEPT_MINUTES
    assert sum(minute.ok for minute in state.minutes) == len(pauses)


@given(some.lists(some.tuples(some.sampled_from("abc"), some.integers(1, 30)), max_size=60))
def test_of_each_caller_only_a_number_above_the_last_is_new(sent):
    """As the entity sees them: a plain dictionary of the highest number of each."""
    state, highest, new = CircuitState(), {}, 0
    for caller, seq in sent:
        report = Report(ok=1, caller=caller, seq=seq)
        assert counting.repeated(state, report) == (seq <= highest.get(caller, 0))
        if not counting.repeated(state, report):
            counting.count(state, report, START)
            highest[caller], new = seq, new + 1
    assert state.totals.ok == new


def test_of_too_many_callers_those_heard_of_longest_ago_are_forgotten():
    state = CircuitState()
    for place in range(KEPT_CALLERS + 5):
        counting.count(state, Report(ok=1, caller=f"c{place}", seq=1), START + place)
    assert len(state.callers) == KEPT_CALLERS
    assert counting.repeated(state, Report(caller=f"c{KEPT_CALLERS + 4}", seq=1))
    assert not counting.repeated(state, Report(caller="c0", seq=1))


@given(some.lists(some.sampled_from(STATES), min_size=1))
def test_the_worst_state_of_a_minute_is_the_same_in_whatever_order_they_came(states):
    worst = CLOSED
    for state in states:
        worst = counting.worse(worst, state)
    assert worst in {CLOSED, *states}
    assert all(counting.worse(worst, state) == worst for state in states)


def row(calls):
    """Failures in a row at the end, and the longest row, of a plain list."""
    at_the_end = longest = 0
    for well in calls:
        at_the_end = 0 if well else at_the_end + 1
        longest = max(longest, at_the_end)
    return at_the_end, longest


@given(some.lists(some.booleans(), max_size=30), some.lists(some.booleans(), max_size=30))
def test_a_report_that_says_its_rows_continues_what_came_before(before, calls):
    at_the_end, longest = row(calls)
    report = Report(ok=sum(calls), failed=len(calls) - sum(calls), trailing_failures=at_the_end, longest_run=longest)
    so_far, _longest = row(before)
    assert report.run_after(so_far) == row([*before, *calls])[0]
    assert max(longest, row([*before, *calls])[0]) == report.longest_after(so_far) <= row([*before, *calls])[1]


@given(number, number, number)
def test_without_its_rows_the_successes_are_taken_to_come_first(ok, failed, before):
    calls = [True] * ok + [False] * failed
    assert Report(ok=ok, failed=failed).run_after(before) == row([False] * before + calls)[0]
