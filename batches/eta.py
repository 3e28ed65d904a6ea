"""How long a batch will still take, as a range: by how fast it was, and how steadily. Pure.

The speed is cut into blocks. How much it differs from one block to the next and over several says how much of that is
noise, which evens out, and how much is drift, which adds up the further one looks ahead (a local-level model, of the
logarithm of the speed). The end lies in the range in at least 8 of 10 runs; tests/batches/pages/test_eta.py simulates.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

FROM = 0.10
"""Of the items: before that nothing is said."""
BLOCKS, FEWEST = (16, 8), 2
"""Fine and coarse; the one that promises more is taken: chunks that end in waves look wild in fine blocks."""
LAG = 4
STALL = 0.05
"""Of the mean speed: slower blocks count as this slow, or their logarithm would know no bounds."""
USUAL_DRIFT, USUAL_NOISE = 0.045**2, 0.10**2
"""Variances, per block, of a run that nothing is known of; they weigh as much as so many blocks:"""
WEIGHT = 4.0
MINUTE, SHORTEST = 60.0, 3.0
"""Seconds that its speed is of, and fewer tell nothing."""
WIDTH = 1.8
"""Deviations to each side."""
WIDEST = 1.1


class Seen(NamedTuple):
    """At so many seconds, without the time in which it was paused, so many items had ended."""

    at: float
    done: float


class Left(NamedTuple):
    """Seconds."""

    low: float
    high: float


def left(seen: Sequence[Seen], total: int) -> Left | None:
    """After the last of ``seen``, which begins with the batch. None: too early to say, or it stands still."""
    if len(seen) <= FEWEST or seen[-1].at < seen[0].at + SHORTEST or not total:
        return None
    done = seen[-1].done
    if done < FROM * total or done >= total:
        return None
    found = [_guess(seen, total - done, number) for number in BLOCKS if number < len(seen)]
    speed, width = min(found or [_guess(seen, total - done, FEWEST)], key=lambda guess: guess[1])
    if speed <= 0:
        return None
    ahead, width = (total - done) / speed, min(WIDTH * width, WIDEST)
    return Left(ahead * math.exp(-width), ahead * math.exp(width))


def since(seen: Sequence[Seen], at: float) -> Sequence[Seen]:
    """From then on: what was before was under other limits."""
    if len(seen) < 2 or at <= seen[0].at:
        return seen
    return [Seen(at, _done_at(seen, at)), *(each for each in seen if each.at > at)]


def lately(seen: Sequence[Seen]) -> float | None:
    """Items a second over the last minute of it. None: it is too short to say."""
    last = since(seen, seen[-1].at - MINUTE) if seen else ()
    seconds = last[-1].at - last[0].at if last else 0.0
    return max(0.0, last[-1].done - last[0].done) / seconds if seconds >= SHORTEST else None


def _guess(seen: Sequence[Seen], items: float, number: int) -> tuple[float, float]:
    """The speed, and the deviation of its logarithm over what is left."""
    rates, block = _blocks(seen, number)
    noise, drift = _noise_and_drift(rates)
    trust = _trust(noise, drift)
    speed = _speed(rates, trust)
    ahead = max(items / speed / block, 1.0) if speed > 0 else 1.0
    return speed, math.sqrt(noise * (1 / ahead + trust) + drift * ahead / 3)


def _blocks(seen: Sequence[Seen], number: int) -> tuple[list[float], float]:
    """Speeds of so many blocks of the same length, and that length."""
    first, length = seen[0].at, (seen[-1].at - seen[0].at) / number
    done = [_done_at(seen, first + length * place) for place in range(number + 1)]
    return [max(0.0, later - before) / length for before, later in pairwise(done)], length


def _done_at(seen: Sequence[Seen], at: float) -> float:
    place = min(max(bisect_left(seen, (at,)), 1), len(seen) - 1)
    before, after = seen[place - 1], seen[place]
    span = after.at - before.at
    share = (at - before.at) / span if span > 0 else 1.0
    return before.done + (after.done - before.done) * min(max(share, 0.0), 1.0)


def _trust(noise: float, drift: float) -> float:
    """The weight of the newest speed, from 0 to 1: the gain of the model's filter once it has settled."""
    ratio = drift / noise
    return (math.sqrt(ratio * ratio + 4 * ratio) - ratio) / 2


def _speed(rates: Sequence[float], trust: float) -> float:
    weights = [(1 - trust) ** (len(rates) - 1 - place) for place in range(len(rates))]
    return sum(rate * weight for rate, weight in zip(rates, weights, strict=True)) / sum(weights)


def _noise_and_drift(rates: Sequence[float]) -> tuple[float, float]:
    """Variances per block: differences over more blocks are larger by the drift alone."""
    floor = STALL * sum(rates) / len(rates)
    logs = [math.log(max(rate, floor)) for rate in rates]
    lag = min(LAG, len(logs) - 1)
    near, far = _differences(logs, 1), _differences(logs, lag)
    drift = max(0.0, (far - near) / (lag - 1)) if lag > 1 else 0.0
    noise = max(0.0, (near - drift) / 2)
    known = len(logs) - 1
    return _weighed(noise, USUAL_NOISE, known), _weighed(drift, USUAL_DRIFT, known)


def _differences(logs: Sequence[float], lag: int) -> float:
    found = [(later - before) ** 2 for before, later in zip(logs, logs[lag:], strict=False)]
    return sum(found) / len(found)


def _weighed(measured: float, usual: float, blocks: int) -> float:
    return (measured * blocks + usual * WEIGHT) / (blocks + WEIGHT)
