"""What is left, as a range: in many simulated runs of many kinds, the true end lies in it, and it is narrow enough."""

import math
import random

import pytest

from batches.eta import Seen, left

POINTS = 400
AT = (0.1, 0.25, 0.5, 0.75, 0.9)


def steady(by):
    spread = by.uniform(0.02, 0.3)
    return [math.exp(by.gauss(0, spread)) for _ in range(POINTS)]


def faster_or_slower(by):
    end = by.uniform(0.5, 1.5)
    return [1 + (end - 1) * n / POINTS + by.gauss(0, 0.05) for n in range(POINTS)]


def warms_up(by):
    until = by.uniform(0.02, 0.1) * POINTS
    return [(0.3 + 0.7 * min(1.0, n / until)) * math.exp(by.gauss(0, 0.08)) for n in range(POINTS)]


def changes_once(by):
    at, factor = by.uniform(0, 1) * POINTS, math.exp(by.uniform(math.log(0.5), math.log(2)))
    return [(factor if n > at else 1.0) * math.exp(by.gauss(0, 0.06)) for n in range(POINTS)]


def outages(by):
    speeds = [math.exp(by.gauss(0, 0.08)) for _ in range(POINTS)]
    for _ in range(by.randint(1, 3)):
        begin, length, share = by.randrange(POINTS), int(by.uniform(0.01, 0.06) * POINTS), by.choice([0.0, 0.1, 0.3])
        for n in range(begin, min(POINTS, begin + length)):
            speeds[n] *= share
    return speeds


def wanders(by):
    step, at, speeds = by.uniform(0.1, 0.5) / math.sqrt(POINTS), 0.0, []
    for _ in range(POINTS):
        at += by.gauss(0, step)
        speeds.append(math.exp(at + by.gauss(0, 0.05)))
    return speeds


def comes_in_waves(by):
    period, height, phase = by.uniform(0.03, 0.6) * POINTS, by.uniform(0.1, 0.6), by.uniform(0, 7)
    return [1 + height * math.sin(phase + 2 * math.pi * n / period) + by.gauss(0, 0.04) for n in range(POINTS)]


def chunks_end_together(by):
    width = by.randint(5, 25)
    return [width * math.exp(by.gauss(0, 0.05)) if n % width == width - 1 else 0.0 for n in range(POINTS)]


KINDS = [steady, faster_or_slower, warms_up, changes_once, outages, wanders, comes_in_waves, chunks_end_together]


def run_of(speeds):
    seen = [Seen(0.0, 0.0)]
    for speed in speeds:
        seen.append(Seen(seen[-1].at + 5.0, seen[-1].done + 1_000 * max(speed, 0.0)))
    return seen


def guessed(seen, share):
    """The guess when this share of the items had ended, and how long it then took."""
    total = int(seen[-1].done)
    now = next(n for n, one in enumerate(seen) if one.done >= share * total)
    return left(seen[: now + 1], total), seen[-1].at - seen[now].at


@pytest.mark.parametrize("share", AT)
def test_in_eight_runs_of_ten_the_true_end_lies_in_the_range(share):
    by = random.Random(f"runs at {share}")
    hit = known = 0
    for _ in range(600):
        guess, truth = guessed(run_of(by.choice(KINDS)(by)), share)
        known += guess is not None
        hit += guess is not None and guess.low <= truth <= guess.high
    assert known > 550
    assert hit / known >= 0.8


@pytest.mark.parametrize("number", [2, 3, 5, 9])
def test_it_holds_with_few_points_too(number):
    """A short batch has one for each five seconds of it."""
    by = random.Random(f"{number} points")
    hit = known = 0
    for _ in range(600):
        seen, share = run_of(by.choice(KINDS)(by)), by.uniform(0.1, 0.9)
        now = next(n for n, one in enumerate(seen) if one.done >= share * seen[-1].done)
        guess = left([seen[round(now * n / number)] for n in range(number + 1)], int(seen[-1].done))
        known += guess is not None
        hit += guess is not None and guess.low <= seen[-1].at - seen[now].at <= guess.high
    assert known > 550
    assert hit / known >= 0.8


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_of_no_kind_of_run_it_is_wrong_more_often_than_right(kind):
    by = random.Random(kind.__name__)
    found = [guessed(run_of(kind(by)), share) for share in AT for _ in range(60)]
    known = [(guess, truth) for guess, truth in found if guess is not None]
    assert sum(guess.low <= truth <= guess.high for guess, truth in known) / len(known) >= 0.7


def test_of_a_steady_run_the_range_is_narrow_enough_to_be_of_use():
    """A range that is always right because it says nothing would pass the tests above."""
    by = random.Random(7)
    for share, widest in ((0.1, 2.0), (0.25, 1.6), (0.5, 1.4), (0.9, 1.4)):
        wide = sorted(guess.high / guess.low for guess, _ in (guessed(run_of(steady(by)), share) for _ in range(60)))
        assert wide[30] < widest, share


def test_nothing_is_said_before_a_tenth_nor_when_all_is_done():
    seen = run_of([1.0] * 100)
    assert left(seen[:10], 100_000) is None
    assert left(seen[:12], 100_000) is not None
    assert left(seen, 100_000) is None


@pytest.mark.parametrize(
    "seen",
    [[], [Seen(0, 0)], [Seen(0, 0), Seen(5, 50)], [Seen(5, 50)] * 10, [Seen(n, 0) for n in range(10)]],
    ids=["none", "one", "two", "all at once", "nothing done"],
)
def test_too_little_to_go_by_is_no_guess(seen):
    assert left(seen, 100) is None


def test_one_that_has_come_to_a_stop_is_given_a_wide_range_not_a_wrong_one():
    """Half of it at full speed, then nothing for as long again: whatever is said reaches far."""
    seen = run_of([1.0] * 50 + [0.0] * 50)
    guess = left(seen, 100_000)
    assert guess is None or guess.high / guess.low > 4
