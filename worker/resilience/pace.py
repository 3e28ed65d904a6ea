"""Limits on how fast something is done: token buckets and sliding windows, several at once, exact under replay. Pure.

Whoever wants to do ``count`` things reserves them all at once, is told 0 or how long to wait, and asks again then. Time
is passed in as epoch seconds and counted in whole nanoseconds, so that no rounding ever lets one too many through; a
clock that goes back refills nothing. The state is plain data that survives as JSON.

Token bucket: J. Turner, "New directions in communications", IEEE Communications Magazine 24(10), 1986.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

TOKEN_BUCKET, SLIDING_WINDOW = "token_bucket", "sliding_window"
KINDS = (TOKEN_BUCKET, SLIDING_WINDOW)
NANO = 1_000_000_000
PIECES = 200
"""Into so many parts a sliding window is cut at most: its memory is bounded, and it errs on the side of waiting."""


@dataclass(frozen=True)
class Limit:
    """``token_bucket``: ``limit`` a ``per_seconds`` on average, at most ``burst`` (default: ``limit``) at once.

    ``sliding_window``: at most ``limit`` in any ``per_seconds``. All are positive: whoever reads them checks that.
    """

    kind: str
    limit: int
    per_seconds: float
    burst: int | None = None

    @property
    def most(self) -> int:
        """So many can be reserved at once; more than that never."""
        return self.burst if self.kind == TOKEN_BUCKET and self.burst is not None else self.limit

    @property
    def per(self) -> int:
        """In nanoseconds."""
        return max(1, round(self.per_seconds * NANO))


@dataclass
class Grant:
    """What a window lent at ``at`` (nanoseconds)."""

    at: int
    count: int


@dataclass
class Used:
    """What is known of one limit. Of a bucket ``spent``: what is missing to a full one, a token being ``limit.per``."""

    spent: int = 0
    grants: list[Grant] = field(default_factory=list)


@dataclass
class PaceState:
    """One ``Used`` for each limit, in their order; ``clock``: the latest time that it was told, in nanoseconds."""

    clock: int = 0
    used: list[Used] = field(default_factory=list)


class Pace:
    """Several limits that all must allow it. Without any, everything is allowed."""

    def __init__(self, limits: Sequence[Limit], state: PaceState | None = None) -> None:
        self.limits = tuple(limits)
        self.state = state or PaceState()
        self.state.used = [*self.state.used, *(Used() for _ in self.limits)][: len(self.limits)]

    @property
    def most(self) -> int | None:
        """So many can be reserved at once; None: any number."""
        return min((limit.most for limit in self.limits), default=None)

    def reserve(self, count: int, now: float) -> float:
        """0.0: they are yours. Else nothing was taken: the seconds after which it is worth asking again."""
        if wait := self.wait(count, now):
            return wait
        for limit, used in zip(self.limits, self.state.used, strict=True):
            _take(limit, used, count, self.state.clock)
        return 0.0

    def wait(self, count: int, now: float) -> float:
        """As ``reserve``, and takes nothing."""
        if self.most is not None and count > self.most:
            raise ValueError(f"At most {self.most} can be reserved at once, not {count}.")
        at = self._tick(now)
        both = zip(self.limits, self.state.used, strict=True)
        return max((_wait(limit, used, count, at) for limit, used in both), default=0) / NANO

    def change(self, limits: Sequence[Limit]) -> None:
        """Other limits from now on. What was used of the one at the same place counts on, if it is of the same kind."""
        old = list(zip(self.limits, self.state.used, strict=True))
        self.limits = tuple(limits)
        self.state.used = [
            _carried(*old[place], limit) if place < len(old) else Used() for place, limit in enumerate(self.limits)
        ]

    def _tick(self, now: float) -> int:
        at = max(round(now * NANO), self.state.clock)
        gone = at - self.state.clock
        self.state.clock = at
        for limit, used in zip(self.limits, self.state.used, strict=True):
            used.spent = max(0, used.spent - gone * limit.limit)
            used.grants = [grant for grant in used.grants if grant.at > at - limit.per]
        return at


def _wait(limit: Limit, used: Used, count: int, at: int) -> int:
    """Nanoseconds until it may be, by this limit alone."""
    if limit.kind == TOKEN_BUCKET:
        missing = used.spent + count * limit.per - limit.most * limit.per
        return -(-missing // limit.limit) if missing > 0 else 0
    over = sum(grant.count for grant in used.grants) + count - limit.limit
    for grant in used.grants:
        if over <= 0:
            break
        over -= grant.count
        if over <= 0:
            return grant.at + limit.per - at
    return 0


def _take(limit: Limit, used: Used, count: int, at: int) -> None:
    if limit.kind == TOKEN_BUCKET:
        used.spent += count * limit.per
        return
    last = used.grants[-1] if used.grants else None
    if last is not None and at // _piece(limit) == last.at // _piece(limit):
        last.at, last.count = at, last.count + count  # as if all of it were lent now: later than true, never earlier
    else:
        used.grants.append(Grant(at, count))


def _piece(limit: Limit) -> int:
    return max(1, limit.per // PIECES)


def _carried(old: Limit, used: Used, new: Limit) -> Used:
    if old.kind != new.kind:
        return Used()
    if old.kind == SLIDING_WINDOW:
        return Used(grants=used.grants)
    return Used(spent=-(-used.spent * new.per // old.per))
