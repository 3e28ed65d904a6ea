"""The line of a batch: how many items ended each second, over time, with the limit that its pace set. Pure."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 600.0, 150.0
CELLS = 100
FARTHEST = 4.0
"""A limit that lies so many times above the highest speed is said, not drawn: else the line would lie on the ground."""


class Dot(NamedTuple):
    """At so many seconds so many items had ended, and so many a second were allowed."""

    at: float
    done: float
    limit: float | None = None


class Cell(NamedTuple):
    begin: float
    rate: float
    limit: float | None


@dataclass(frozen=True)
class Chart:
    """``line`` and ``limits`` are paths, ``rests`` pairs of left edge and width of the time in which it was paused.

    ``top``: what the upper edge stands for, in items a second; ``limit``: the last one; ``above``: it is not drawn.
    """

    begin: float
    end: float
    cells: Sequence[Cell]
    top: float
    line: str
    area: str
    limits: str
    rests: Sequence[tuple[float, float]]
    limit: float | None
    above: bool

    @property
    def empty(self) -> bool:
        return not any(cell.rate for cell in self.cells)

    @property
    def highest(self) -> float:
        return max((cell.rate for cell in self.cells), default=0.0)


def chart(
    dots: Sequence[Dot], begin: float, end: float, pauses: Iterable[tuple[float, float]] = (), finest: float = 5.0
) -> Chart:
    """From ``begin`` to ``end``. ``finest``: seconds of a cell at least: items are counted when their chunk ends."""
    end = max(end, begin + 1)
    number = min(CELLS, max(2, math.floor((end - begin) / finest))) if dots else 0
    cells = [_cell(dots, begin + (end - begin) * n / number, (end - begin) / number) for n in range(number)]
    highest = max((cell.rate for cell in cells), default=0.0)
    limits = [cell.limit for cell in cells if cell.limit]
    drawn = [limit for limit in limits if not highest or limit <= FARTHEST * highest]
    top = nice(max([highest, *drawn]))
    last = cells[-1].limit if cells else None
    line = _line(cells, top)
    area = f"M0 {HEIGHT:g}L{line[1:]}L{WIDTH:g} {HEIGHT:g}z" if line else ""
    rests = [_rest(rest, begin, end) for rest in pauses if rest[1] > begin and rest[0] < end]
    return Chart(
        begin, end, cells, top, line, area, _limits(cells, top), rests, last, bool(last and last not in drawn)
    )  # fmt: skip


def _cell(dots: Sequence[Dot], begin: float, width: float) -> Cell:
    """The speed is what was counted between its edges, wherever the dots lie."""
    ended = _done_at(dots, begin + width) - _done_at(dots, begin)
    place = max(bisect_left(dots, (begin + width,)) - 1, 0)
    return Cell(begin, max(0.0, ended / width), dots[place].limit)


def _done_at(dots: Sequence[Dot], at: float) -> float:
    place = bisect_left(dots, (at,))
    if place == 0 or place == len(dots):
        return dots[min(place, len(dots) - 1)].done
    before, after = dots[place - 1], dots[place]
    return before.done + (after.done - before.done) * (at - before.at) / (after.at - before.at)


def _line(cells: Sequence[Cell], top: float) -> str:
    """Each cell's speed at its middle; the first and the last reach to the edges."""
    if not cells:
        return ""
    step = WIDTH / len(cells)
    points = [(0.0, cells[0].rate), *((step * (n + 0.5), cell.rate) for n, cell in enumerate(cells))]
    points.append((WIDTH, cells[-1].rate))
    return "M" + "L".join(f"{x:.1f} {_y(rate, top):.1f}" for x, rate in points)


def _limits(cells: Sequence[Cell], top: float) -> str:
    """In steps, where one was set and lies within the picture."""
    step, path, before = WIDTH / max(len(cells), 1), [], None
    for place, cell in enumerate(cells):
        seen = cell.limit if cell.limit and cell.limit <= top else None
        if seen is not None:
            path.append(f"{'L' if before else 'M'}{step * place:.1f} {_y(seen, top):.1f}H{step * (place + 1):.1f}")
        before = seen
    return "".join(path)


def _rest(rest: tuple[float, float], begin: float, end: float) -> tuple[float, float]:
    left, right = (max(0.0, min(WIDTH, WIDTH * (at - begin) / (end - begin))) for at in rest)
    return round(left, 1), round(max(right - left, 1.0), 1)


def _y(rate: float, top: float) -> float:
    return HEIGHT - HEIGHT * min(rate / top, 1.0)


def nice(most: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, … that leaves a little air above it, at any size."""
    if most <= 0:
        return 1.0
    most *= 1.04
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= most)
