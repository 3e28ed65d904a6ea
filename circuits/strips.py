"""The strip of a circuit's last hour or day: cells of time, what was reported in each, and the worst state in it.

A circuit that is closed draws whole, one that is open broken in two: the shape says it, and the colour too. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from circuits.queries import Counted, Turn
from worker.resilience import counting
from worker.resilience.circuit_state import CLOSED, DISABLED, FORCED_OPEN, HALF_OPEN, METRICS_ONLY, OPEN

NONE = "none"
"""Nobody reported, and it was closed: nothing is known of how the service was."""
HEIGHT = 10.0
_THIN = 0.86

_SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    CLOSED: ((0, 10),),
    OPEN: ((0, 3.8), (6.2, 3.8)),
    FORCED_OPEN: ((0, 3.8), (6.2, 3.8)),
    HALF_OPEN: ((4.6, 5.4),),
    METRICS_ONLY: ((2.5, 7.5),),
    DISABLED: ((4, 2),),
    NONE: ((8.6, 1.4),),
}
"""Top and height of the pieces of a cell."""
ORDER = (CLOSED, HALF_OPEN, OPEN, FORCED_OPEN, METRICS_ONLY, DISABLED, NONE)


@dataclass
class Cell:
    """``begin``: epoch seconds. ``seen``: somebody reported in it."""

    begin: int
    state: str = NONE
    seen: bool = False
    ok: int = 0
    failed: int = 0
    refused: int = 0
    served: int = 0

    @property
    def calls(self) -> int:
        return self.ok + self.failed

    @property
    def failing(self) -> float:
        return self.failed / self.calls if self.calls else 0.0

    def takes(self, state: str) -> None:
        """The worst state wins."""
        self.state = state if self.state == NONE else counting.worse(self.state, state)


@dataclass(frozen=True)
class Stretch:
    """Cells in a row in the same state: for those who would rather read."""

    state: str
    begin: int
    end: int
    calls: int
    failed: int
    refused: int


@dataclass(frozen=True)
class Strip:
    """``shapes``: a path for each state that occurs; ``failures``: the share of failed calls, drawn from above."""

    cells: Sequence[Cell]
    width: int
    times: Sequence[tuple[str, float]] = ()
    """Seconds in each state that occurs, to the second: a cell says only which was the worst."""
    shapes: Sequence[tuple[str, str]] = ()
    failures: str = ""

    @property
    def number(self) -> int:
        return len(self.cells)

    @property
    def stretches(self) -> list[Stretch]:
        """The latest first."""
        found: list[Stretch] = []
        for cell in self.cells:
            end, last = cell.begin + self.width, found[-1] if found else None
            if last and last.state == cell.state:
                calls, failed, refused = last.calls + cell.calls, last.failed + cell.failed, last.refused + cell.refused
                found[-1] = Stretch(cell.state, last.begin, end, calls, failed, refused)
            else:
                found.append(Stretch(cell.state, cell.begin, end, cell.calls, cell.failed, cell.refused))
        return found[::-1]


def strip(
    now: datetime, *, width: int, number: int, counted: Iterable[Counted], turns: Sequence[Turn], state: str
) -> Strip:
    """The last ``number`` cells of ``width`` seconds, that of now included. ``state``: the one it is in."""
    last = int(now.timestamp()) // width * width
    cells = [Cell(last - (number - 1 - place) * width) for place in range(number)]
    reported = []
    for one in counted:
        place = (int(one.minute.timestamp()) - cells[0].begin) // width
        if 0 <= place < number:
            _add(cells[place], one)
            reported.append(one.minute.timestamp())
    spans = list(_times(turns, state, cells[0].begin, now.timestamp()))
    for begin, end, was in spans:
        for cell in cells if was != CLOSED else ():
            if cell.begin < end and cell.begin + width > begin:
                cell.takes(was)
    return Strip(cells, width, _seconds(spans, reported, now.timestamp()), _shapes(cells), _failures(cells))


def _add(cell: Cell, one: Counted) -> None:
    cell.seen = True
    cell.ok, cell.failed, cell.refused = cell.ok + one.ok, cell.failed + one.failed, cell.refused + one.refused
    cell.served += sum(one.fallback.values())
    cell.takes(one.state)


def _times(turns: Sequence[Turn], state: str, begin: float, now: float) -> Iterable[tuple[float, float, str]]:
    """From when to when it was in which state: what it is in stays so with nobody reporting."""
    was = turns[0].source if turns else state
    for turn in turns:
        at = turn.at.timestamp()
        yield begin, at, was
        begin, was = at, turn.target
    yield begin, now + 1, was


def _seconds(
    spans: Sequence[tuple[float, float, str]], reported: Sequence[float], now: float
) -> tuple[tuple[str, float], ...]:
    """In each state that occurs. Closed it was where somebody reported in that minute; else nothing is known."""
    found = dict.fromkeys(ORDER, 0.0)
    for begin, end, was in spans:
        end = min(end, now)
        if was != CLOSED:
            found[was] += max(0.0, end - begin)
            continue
        known = sum(max(0.0, min(end, minute + 60) - max(begin, minute)) for minute in reported)
        found[CLOSED] += known
        found[NONE] += max(0.0, end - begin - known)
    return tuple((state, seconds) for state, seconds in found.items() if seconds >= 1)


def piece_of(state: str) -> str:
    """A cell by itself, as a legend shows it."""
    return "".join(_piece(0, top, height) for top, height in _SHAPES.get(state, _SHAPES[NONE]))


def _shapes(cells: Sequence[Cell]) -> tuple[tuple[str, str], ...]:
    paths = {state: _path(cells, state) for state in ORDER}
    return tuple((state, path) for state, path in paths.items() if path)


def _path(cells: Sequence[Cell], state: str) -> str:
    pieces = _SHAPES[state]
    return "".join(
        _piece(place, top, height) for place, cell in enumerate(cells) if cell.state == state for top, height in pieces
    )


def _failures(cells: Sequence[Cell]) -> str:
    """Any failure at all shows."""
    return "".join(
        _piece(place, 0, max(1.4, HEIGHT * cell.failing))
        for place, cell in enumerate(cells)
        if cell.failed and cell.state in (CLOSED, METRICS_ONLY)
    )


def _piece(place: int, top: float, height: float) -> str:
    return f"M{place} {top:g}h{_THIN}v{height:.3g}h-{_THIN}z"
