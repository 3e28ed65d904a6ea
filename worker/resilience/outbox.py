"""What one caller has to report about one circuit: put together, numbered, kept until it has arrived. Pure.

At most one aggregate waits while the next one gathers, however long nothing can be sent; trials go each by itself.
"""

from collections import deque

from .report import Report

MOST_RUNGS = 20
MOST_CALLS = 1_000_000_000
"""What an entity takes in one report."""


class Outbox:
    """Reports leave in the order of their numbers: an entity takes no number after a higher one."""

    def __init__(self, caller: str, first_seq: int) -> None:
        self.caller = caller
        self.next_seq = first_seq
        """The number that what is gathered now will have."""
        self.ready: deque[Report] = deque()
        self._begin()

    def _begin(self) -> None:
        self.ok = self.bad = self.slow = self.refused = 0
        self.fallback: dict[str, int] = {}
        self.trailing = self.longest = 0
        self.sample = ""

    # --- what happened ------------------------------------------------------------------------------------------

    def succeeded(self, slow: bool) -> None:
        self.ok += 1
        self.trailing = 0
        if slow:
            self.slow += 1

    def failed(self, slow: bool, sample: str) -> None:
        self.bad += 1
        self.trailing += 1
        self.longest = max(self.longest, self.trailing)
        self.sample = sample
        if slow:
            self.slow += 1

    def served(self, rung: str) -> None:
        """A fallback served. Of more rungs than an entity keeps apart, the others are counted together."""
        if rung not in self.fallback and len(self.fallback) >= MOST_RUNGS - 1:
            rung = "others"
        self.fallback[rung] = self.fallback.get(rung, 0) + 1

    def trial(self, lease_id: str, ok: bool | None, slow: bool, sample: str) -> int:
        """A trial's end, as a report of its own; its number. ``ok`` None: it was given up; that frees its place."""
        self.seal()
        bad = int(ok is False)
        report = Report(
            ok=int(ok is True),
            failed=bad,
            slow=int(slow and ok is not None),
            caller=self.caller,
            seq=self.next_seq,
            lease_id=lease_id,
            trailing_failures=bad,
            longest_run=bad,
            sample=sample,
        )
        self.ready.append(report)
        self.next_seq += 1
        return report.seq

    # --- what goes out ------------------------------------------------------------------------------------------

    @property
    def gathered(self) -> bool:
        return bool(self.ok or self.bad or self.refused or self.fallback)

    @property
    def empty(self) -> bool:
        return not self.ready and not self.gathered

    def seal(self) -> None:
        """What was gathered is a report from now on: whatever becomes of its sending, it stays as it is."""
        if not self.gathered:
            return
        report = Report(
            ok=min(self.ok, MOST_CALLS),
            failed=min(self.bad, MOST_CALLS),
            slow=min(self.slow, self.ok + self.bad, MOST_CALLS),
            refused=min(self.refused, MOST_CALLS),
            fallback={rung: min(number, MOST_CALLS) for rung, number in self.fallback.items()},
            caller=self.caller,
            seq=self.next_seq,
            trailing_failures=min(self.trailing, MOST_CALLS),
            longest_run=min(self.longest, MOST_CALLS),
            sample=self.sample,
        )
        self.ready.append(report)
        self.next_seq += 1
        self._begin()

    def seal_if_none_waits(self) -> None:
        if not self.ready:
            self.seal()

    def arrived(self, seq: int) -> None:
        """It is known that this one was taken; what comes after it may go."""
        if self.ready and self.ready[0].seq == seq:
            self.ready.popleft()
