"""Counts over a sliding time: against all that was ever counted, whatever the clock does."""

from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.versioned import Versioned
from worker.resilience.windows import BUCKETS, RollingCounts

START = 1_790_000_000.0
KEPT = Versioned("counts", RollingCounts, version=1)

seconds = some.floats(1, 3_600)
added = some.lists(some.tuples(some.floats(0, 900), some.integers(0, 9), some.integers(0, 9)), max_size=60)


def fed(length, given):
    """What was counted, and (when, first, second) of all of it."""
    counts, now, all_of_it = RollingCounts(length), START, []
    for pause, first, second in given:
        now += pause
        counts.add([first, second], now)
        all_of_it.append((now, first, second))
    return counts, now, all_of_it


@given(seconds, added, some.floats(0, 7_200))
def test_all_of_the_last_seconds_is_in_it_and_nothing_older_than_a_bucket_more(length, given, later):
    counts, now, all_of_it = fed(length, given)
    now += later
    sums = counts.sums(now) or [0, 0]
    slack = 1e-6  # of floats at this size
    for column in (1, 2):
        surely = sum(one[column] for one in all_of_it if one[0] > now - length + slack)
        perhaps = sum(one[column] for one in all_of_it if one[0] > now - length - length / BUCKETS - slack)
        assert surely <= sums[column - 1] <= perhaps


@given(seconds, added)
def test_it_says_how_many_seconds_its_sums_are_about(length, given):
    counts, now, _all = fed(length, given)
    assert length - 1e-6 <= counts.span(now) <= length + length / BUCKETS + 1e-6


@given(seconds, added)
def test_it_stays_as_small_as_its_buckets_and_comes_back_from_json(length, given):
    counts, now, _all = fed(length, given)
    assert len(counts.buckets) <= BUCKETS + 1
    again = KEPT.load(KEPT.dump(counts))
    assert asdict(again) == asdict(counts)
    assert again.sums(now) == counts.sums(now)


@given(added, some.floats(0, 600))
def test_a_clock_that_goes_back_loses_nothing_and_brings_nothing_back(given, back):
    counts, now, _all = fed(60.0, [*given, (1.0, 1, 1)])
    before = counts.sums(now)
    counts.add([1, 2], now - back)
    assert counts.sums(now) == [before[0] + 1, before[1] + 2]
