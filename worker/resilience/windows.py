"""Counts over a sliding time, in a fixed number of buckets: as small after a month as after a minute. Pure.

Times are epoch seconds. Approximate counts over sliding windows: M. Datar et al., "Maintaining stream statistics over
sliding windows", SIAM Journal on Computing 31(6), 2002; equal buckets, instead of theirs, are plainer and exact to one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

BUCKETS = 10


@dataclass
class Bucket:
    """What was counted from ``start`` (epoch seconds) on, for one bucket's width."""

    start: float
    counts: list[int] = field(default_factory=list)


@dataclass
class RollingCounts:
    """Sums over the last ``seconds``. Exact to a bucket: what is older than the time and one bucket is gone."""

    seconds: float = 60.0
    buckets: list[Bucket] = field(default_factory=list)

    def add(self, counts: Sequence[int], now: float) -> None:
        """As many columns as ever; see ``sums``."""
        width = self.seconds / BUCKETS
        start = now // width * width
        last = self.buckets[-1] if self.buckets else None
        if last is None or last.start < start:
            last = Bucket(start, [0] * len(counts))
            self.buckets.append(last)
        # A clock that went back counts into the newest bucket: nothing is lost, and none is refilled.
        last.counts = [old + new for old, new in zip(last.counts, counts, strict=True)]
        self._forget(now)

    def _forget(self, now: float) -> None:
        oldest = now - self.seconds - self.seconds / BUCKETS
        self.buckets = [bucket for bucket in self.buckets if bucket.start > oldest][-BUCKETS - 1 :]

    def sums(self, now: float) -> list[int]:
        """Of each column; [] where nothing is left."""
        self._forget(now)
        return [sum(column) for column in zip(*(bucket.counts for bucket in self.buckets), strict=True)]

    def span(self, now: float) -> float:
        """So many seconds the sums are about: from the beginning of the oldest bucket that is kept."""
        width = self.seconds / BUCKETS
        oldest = (now - self.seconds - width) // width * width + width
        return now - oldest

    def clear(self) -> None:
        self.buckets = []
