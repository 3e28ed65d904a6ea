"""The map of a batch's chunks: a cell for each, or for several where there are many. Pure.

A cell that is whole has ended well; failures bite into it; what runs is a ring, and what is to come is small.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.resilience.ranges import Ranges

MOST, COLUMNS = 400, 24
DONE, SOME, MANY, RUNNING, LEFT, HELD, PENDING = "done", "some", "many", "running", "left", "held", "pending"
ORDER = (DONE, SOME, MANY, RUNNING, LEFT, HELD, PENDING)
SIZE, STEP = 8.4, 10.0

_SHAPES = {
    DONE: "h8.4v8.4h-8.4z",
    SOME: "h4.6l3.8 3.8v4.6h-8.4z",
    MANY: "h8.4v3.2h-8.4zm0 5.2h8.4v3.2h-8.4z",
    RUNNING: "h8.4v8.4h-8.4zm2.3 2.3v3.8h3.8v-3.8z",
    LEFT: "m0 4.2h8.4v4.2h-8.4z",
    HELD: "m4.2 .9l3.3 3.3-3.3 3.3-3.3-3.3z",
    PENDING: "m1.9 1.9h4.6v4.6h-4.6z",
}
"""Drawn from the left upper corner of a cell."""


@dataclass(frozen=True)
class Known:
    """What is known of the chunks, counted from 0. ``left``: begun, and to be run again. ``tolerated``: a share.

    ``held``: an open circuit holds all that has not been begun.
    """

    chunks: int
    next_chunk: int
    running: Ranges
    left: Ranges
    chunk_size: int
    tolerated: float
    held: bool = False


@dataclass(frozen=True)
class Cell:
    """Of the chunks ``[first, last]``, counted from 1 as people do."""

    kind: str
    first: int
    last: int
    failed: int


@dataclass(frozen=True)
class Map:
    """``each``: so many chunks a cell stands for. ``shapes``: a path for each kind that occurs."""

    cells: Sequence[Cell]
    each: int
    shapes: Sequence[tuple[str, str]]

    @property
    def height(self) -> float:
        return max(STEP * math.ceil(len(self.cells) / COLUMNS), STEP)

    def number(self, kind: str) -> int:
        return sum(cell.kind == kind for cell in self.cells)


def each_of(chunks: int) -> int:
    """So many chunks a cell stands for."""
    return max(1, math.ceil(chunks / MOST))


def chunk_map(known: Known, failed: Mapping[int, int]) -> Map:
    """``failed``: by cell, from 0."""
    each = each_of(known.chunks)
    cells = [_cell(known, failed.get(n, 0), n * each, each) for n in range(math.ceil(known.chunks / each))]
    return Map(cells, each, _shapes(cells))


def _cell(known: Known, failed: int, first: int, each: int) -> Cell:
    end = min(first + each, known.chunks)
    return Cell(_kind(known, failed, first, end), first + 1, end, failed)


def _kind(known: Known, failed: int, first: int, end: int) -> str:
    """What moves is shown before what has ended, failures before what went well; of one chunk, that it is not whole."""
    if _meets(known.running, first, end):
        return RUNNING
    if end - first == 1 and first in known.left:
        return LEFT
    if failed:
        return MANY if failed > max(known.tolerated, 0.0) * (end - first) * known.chunk_size else SOME
    if first >= known.next_chunk:
        return HELD if known.held else PENDING
    return LEFT if _meets(known.left, first, end) else DONE


def _meets(ranges: Ranges, first: int, end: int) -> bool:
    return any(start < end and stop > first for start, stop in ranges)


def _shapes(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    paths = {kind: "".join(_at(n, kind) for n, cell in enumerate(cells) if cell.kind == kind) for kind in ORDER}
    return [(kind, path) for kind, path in paths.items() if path]


def _at(place: int, kind: str) -> str:
    row, column = divmod(place, COLUMNS)
    return f"M{STEP * column:g} {STEP * row:g}{_SHAPES[kind]}"


def piece_of(kind: str) -> str:
    """A cell by itself, as a legend shows it."""
    return f"M0 0{_SHAPES[kind]}"
