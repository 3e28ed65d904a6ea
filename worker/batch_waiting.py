"""What a batch waits for before it begins more, and how the last minute was spent: evidence, bounded. Pure."""

from dataclasses import dataclass, field, replace

from worker.resilience.windows import BUCKETS

PARALLEL, LAST = "parallel", "last"
PACE, BUDGET, CIRCUIT = "pace", "budget", "circuit"
ROLLING, RESTING = "rolling", "resting"
PAUSED, STOPPING, DRAINING = "paused", "stopping", "draining"
"""All places are taken; nothing is left to begin; its own pace; the service's budget; the service's circuit; the
slowest of a rolling window, and the rest after it; somebody's word; its end; a new run of the workflow."""

MINUTE = 60.0


@dataclass
class Waits:
    """Since when it is so (epoch seconds), until when if that is known; the limit that binds, who shares it, why."""

    cause: str = ""
    since: float = 0.0
    until: float | None = None
    limit: int = 0
    per_seconds: float = 0.0
    others: int = 0
    state: str = ""
    reason: str = ""


@dataclass
class Slice:
    """Seconds by cause, of a tenth of a minute."""

    start: float
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Waiting:
    """What survives a new run."""

    now: Waits = field(default_factory=Waits)
    slices: list[Slice] = field(default_factory=list)
    counted_at: float = 0.0

    def note(self, waits: Waits, at: float) -> None:
        """It is so from now on, or still."""
        self._count(at)
        same = waits.cause == self.now.cause
        self.now = replace(waits, since=self.now.since if same else at)

    def forget(self, at: float) -> None:
        """Under other limits it begins anew: what bound before says nothing of what binds now."""
        self._count(at)
        self.slices = []

    def _count(self, at: float) -> None:
        """A long time is spread over its slices."""
        width = MINUTE / BUCKETS
        since = max(self.counted_at, at - MINUTE)
        while self.now.cause and since < at:
            start = since // width * width
            end = min(start + width, at)
            if not self.slices or self.slices[-1].start < start:
                self.slices.append(Slice(start))
            spent = self.slices[-1].seconds
            spent[self.now.cause] = spent.get(self.now.cause, 0.0) + end - since
            since = end
        self.counted_at = at
        self.slices = [each for each in self.slices if each.start > at - MINUTE - width]

    def shares(self, at: float) -> dict[str, float]:
        """Of the last minute, or of as much of it as there was; as it would be told now."""
        copy = Waiting(self.now, [replace(each, seconds=dict(each.seconds)) for each in self.slices], self.counted_at)
        copy._count(at)
        sums: dict[str, float] = {}
        for each in copy.slices:
            for cause, seconds in each.seconds.items():
                sums[cause] = sums.get(cause, 0.0) + seconds
        whole = sum(sums.values())
        return {cause: round(seconds / whole, 3) for cause, seconds in sums.items()} if whole else {}
