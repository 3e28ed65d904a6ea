"""The bar of a batch: its items by outcome, in one line that is all of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")
WIDTH = 1_000.0
SMALLEST = 4.0
"""What is there is seen, however few they are."""


@dataclass(frozen=True)
class Part:
    """``start`` and ``width`` of 1,000."""

    name: str
    number: int
    start: float
    width: float


@dataclass(frozen=True)
class Bar:
    """``sum`` is counted here, of the six: that it is the ``total`` is shown, not believed."""

    parts: Sequence[Part]
    sum: int
    total: int
    over: bool = False
    """It has ended: what is pending is not run any more."""

    @property
    def adds_up(self) -> bool:
        return self.sum == self.total

    @property
    def drawn(self) -> Sequence[Part]:
        """Pending is the ground that is left."""
        return [part for part in self.parts if part.number and part.name != "pending"]


def bar(counts: Mapping[str, Any], over: bool = False) -> Bar:
    numbers = [max(0, int(counts.get(name) or 0)) for name in SIX]
    whole = max(sum(numbers), 1)
    widths = _fitted([max(WIDTH * number / whole, SMALLEST) if number else 0.0 for number in numbers])
    starts = [sum(widths[:place]) for place in range(len(widths))]
    parts = [Part(*each) for each in zip(SIX, numbers, starts, widths, strict=True)]
    return Bar(parts, sum(numbers), int(counts.get("total") or 0), over)


def _fitted(widths: Sequence[float]) -> list[float]:
    """What the small ones were given, the others give."""
    over = sum(widths) - WIDTH
    large = sum(width for width in widths if width > SMALLEST)
    if over <= 0 or not large:
        return list(widths)
    return [width - over * width / large if width > SMALLEST else width for width in widths]
