"""The rate line of a circuit: calls that went well, failed and were refused, by minute. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from circuits.strips import Cell

WIDTH, HEIGHT = 600.0, 110.0


@dataclass(frozen=True)
class Line:
    """``kind``: ok, failed or refused; ``path`` is broken where nobody reported."""

    kind: str
    path: str
    total: int
    most: int
    most_at: int
    """Epoch seconds of the cell with the most."""


@dataclass(frozen=True)
class Chart:
    """``top``: what the upper edge stands for, per minute. ``filling``: somebody reports in the minute of now."""

    lines: Sequence[Line]
    top: int
    filling: bool = False

    @property
    def empty(self) -> bool:
        return not any(line.total for line in self.lines)


_KINDS: dict[str, Callable[[Cell], int]] = {
    "ok": lambda cell: cell.ok,
    "failed": lambda cell: cell.failed,
    "refused": lambda cell: cell.refused,
}


def chart(cells: Sequence[Cell]) -> Chart:
    """The last cell is still filling, and left out: it would look like a fall."""
    full = cells[:-1]
    top = nice(max((get(cell) for cell in full for get in _KINDS.values()), default=0))
    filling = any(get(cell) for cell in cells[-1:] for get in _KINDS.values())
    return Chart([_line(kind, get, full, top) for kind, get in _KINDS.items()], top, filling)


def _line(kind: str, get: Callable[[Cell], int], cells: Sequence[Cell], top: int) -> Line:
    most = max(cells, key=get, default=None)
    path, pen = [], "M"
    for place, cell in enumerate(cells):
        if not cell.seen:
            pen = "M"
            continue
        path.append(f"{pen}{_x(place, len(cells)):.1f} {HEIGHT - get(cell) / top * HEIGHT:.1f}")
        if pen == "M":
            path.append("h.1")  # a single point shows as a dot, by its round cap
        pen = "L"
    total = sum(map(get, cells))
    return Line(kind, "".join(path), total, get(most) if most else 0, most.begin if most else 0)


def _x(place: int, number: int) -> float:
    return WIDTH * place / max(number - 1, 1)


def nice(most: int) -> int:
    """The next of 10, 20, 50, 100, … that is not below it."""
    if most <= 10:
        return 10
    power = int(10 ** math.floor(math.log10(most)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)
