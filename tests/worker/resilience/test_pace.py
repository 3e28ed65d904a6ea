"""Limits: against plain models, whatever is asked for and whenever."""

from dataclasses import asdict
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.pace import KINDS, NANO, SLIDING_WINDOW, TOKEN_BUCKET, Grant, Limit, Pace, PaceState, Used
from worker.resilience.versioned import Versioned

START = 1_790_000_000.0
"""Epoch seconds, where a float has no more than a quarter of a microsecond."""


def limits(kind):
    return some.builds(
        Limit,
        kind=some.just(kind),
        limit=some.integers(1, 50),
        per_seconds=some.floats(0.01, 100),
        burst=some.none() | some.integers(1, 60) if kind == TOKEN_BUCKET else some.none(),
    )


any_limit = some.sampled_from(KINDS).flatmap(limits)
steps = some.lists(some.tuples(some.floats(0, 20), some.integers(1, 60)), min_size=1, max_size=40)


def granted(pace, asked):
    """(nanoseconds, count) of all that was granted when asked for after each pause."""
    now, got = START, []
    for pause, count in asked:
        now += pause
        count = min(count, pace.most)
        if pace.reserve(count, now) == 0.0:
            got.append((round(now * NANO), count))
    return got


@given(limits(SLIDING_WINDOW), steps)
def test_in_any_span_there_are_at_most_so_many(limit, asked):
    got = granted(Pace([limit]), asked)
    for start, _count in got:
        assert sum(count for at, count in got if start <= at < start + limit.per) <= limit.limit


@given(limits(TOKEN_BUCKET), steps)
def test_a_bucket_is_the_plain_one_in_exact_numbers(limit, asked):
    """It grants what a bucket in fractions grants, no more and no less."""
    pace, now, last = Pace([limit]), START, round(START * NANO)
    tokens = Fraction(limit.most)
    for pause, count in asked:
        now += pause
        at, count = round(now * NANO), min(count, limit.most)
        tokens = min(Fraction(limit.most), tokens + Fraction((at - last) * limit.limit, limit.per))
        last = at
        assert (pace.reserve(count, now) == 0.0) == (tokens >= count)
        tokens -= count if tokens >= count else 0


@given(some.lists(any_limit, min_size=1, max_size=4), steps)
def test_whoever_waits_as_long_as_told_gets_it(all_limits, asked):
    """Alone, and with a microsecond for the float: nobody waits for ever, nor asks many times."""
    pace, now = Pace(all_limits), START
    for pause, count in asked:
        now, count = now + pause, min(count, pace.most)
        for _ask in range(len(all_limits) + 1):
            if not (wait := pace.reserve(count, now)):
                break
            assert wait <= max(limit.per_seconds * limit.most / limit.limit + limit.per_seconds for limit in all_limits)
            now += wait + 1e-6
        else:
            pytest.fail("told to wait again and again")


@given(some.lists(any_limit, min_size=1, max_size=3), steps, some.integers(0, 39))
def test_carried_over_as_json_it_grants_the_same(all_limits, asked, place):
    kept = Versioned("pace", PaceState, version=1)
    whole = granted(Pace(all_limits), asked)
    first = Pace(all_limits)
    before = granted(first, asked[:place])
    second = Pace(all_limits, kept.load(kept.dump(first.state)))
    at = START + sum(pause for pause, _count in asked[:place])
    after = granted(
        second, [(at - START + asked[place][0], asked[place][1]), *asked[place + 1 :]] if asked[place:] else []
    )
    assert len(before) + len(after) == len(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_goes_back_refills_nothing_and_takes_nothing(kind):
    pace = Pace([Limit(kind, 10, 60)])
    assert pace.reserve(5, START) == 0.0
    assert pace.reserve(6, START - 1_000) > 0
    assert pace.reserve(5, START - 1_000) == 0.0
    assert pace.reserve(1, START) > 0


def test_a_window_ends_to_the_nanosecond():
    pace = Pace([Limit(SLIDING_WINDOW, 1, 60)])
    assert pace.reserve(1, 1.0) == 0.0
    assert pace.reserve(1, 61.0 - 1e-9) == pytest.approx(1e-9)
    assert pace.reserve(1, 61.0) == 0.0


def test_what_a_window_keeps_as_one_counts_from_the_last_of_it():
    pace = Pace([Limit(SLIDING_WINDOW, 10, 60)])
    assert pace.reserve(5, 0.0) == 0.0
    assert pace.reserve(5, 0.29) == 0.0
    assert pace.reserve(10, 60.1) > 0, "or fifteen within a minute"
    assert pace.reserve(10, 60.29) == 0.0


def test_all_limits_must_allow_it_and_a_refusal_takes_nothing():
    """100 a minute and 150 an hour: the third minute's calls wait for the hour, the others lose nothing by asking."""
    pace = Pace([Limit(SLIDING_WINDOW, 100, 60), Limit(SLIDING_WINDOW, 150, 3_600)])
    assert pace.reserve(100, START) == 0.0
    assert pace.reserve(1, START + 30) == pytest.approx(30)
    assert pace.reserve(50, START + 60) == 0.0
    assert pace.reserve(1, START + 120) == pytest.approx(3_480)
    assert pace.reserve(100, START + 3_600) == 0.0


def test_without_limits_everything_is_allowed_at_once():
    assert Pace([]).reserve(10**9, START) == 0.0
    assert Pace([]).most is None


def test_more_than_fits_at_once_is_a_mistake_that_is_told():
    with pytest.raises(ValueError, match="At most 20"):
        Pace([Limit(SLIDING_WINDOW, 100, 60), Limit(TOKEN_BUCKET, 100, 60, burst=20)]).reserve(21, START)


def test_a_windows_memory_is_bounded():
    pace = Pace([Limit(SLIDING_WINDOW, 1_000_000, 60)])
    for number in range(20_000):
        pace.reserve(1, START + number / 100)
    assert len(asdict(pace.state)["used"][0]["grants"]) <= 202


def test_other_limits_count_on_what_was_used():
    pace = Pace([Limit(SLIDING_WINDOW, 100, 60), Limit(TOKEN_BUCKET, 10, 1)])
    assert pace.reserve(10, START) == 0.0
    pace.change([Limit(SLIDING_WINDOW, 10, 60), Limit(TOKEN_BUCKET, 20, 1), Limit(TOKEN_BUCKET, 5, 1)])
    assert pace.reserve(1, START) == pytest.approx(60)
    pace.change([Limit(TOKEN_BUCKET, 20, 1)])
    assert pace.reserve(20, START) == 0.0, "of another kind: it begins anew"


def test_the_first_versions_json_is_read():
    kept = {
        "kind": "pace",
        "version": 1,
        "state": {"clock": 5, "used": [{"spent": 7, "grants": [{"at": 3, "count": 2}]}]},
    }
    assert Versioned("pace", PaceState, version=1).load(kept) == PaceState(5, [Used(7, [Grant(3, 2)])])
