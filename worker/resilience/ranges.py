"""A set of whole numbers as ranges: what is done of a million items, in the few bytes of a heartbeat. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """Numbers from 0 on, kept as sorted, disjoint, never touching ``[start, end)``."""

    def __init__(self, given: Iterable[tuple[int, int] | list[int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in given:
            self.add(start, end)

    def add(self, start: int, end: int | None = None) -> None:
        """One number, or all of ``[start, end)``. What is in it already stays."""
        end = start + 1 if end is None else end
        if not 0 <= start <= end:
            raise ValueError(f"[{start}, {end}) is no range of numbers from 0 on.")
        if start == end:
            return
        first = bisect_right(self._ends, start - 1)  # the first that this one touches, or that comes after it
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._starts, number) - 1
        return place >= 0 and number < self._ends[place]

    def __len__(self) -> int:
        """How many numbers, not how many ranges."""
        return sum(end - start for start, end in self)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self.dump() == other.dump()

    def __repr__(self) -> str:
        return f"Ranges({self.dump()})"

    def missing(self, end: int) -> Iterator[int]:
        """The numbers of ``[0, end)`` that are not in it, in their order."""
        at = 0
        for start, stop in self:
            yield from range(at, min(start, end))
            at = stop
        yield from range(at, end)

    def dump(self) -> list[list[int]]:
        """As plain JSON; ``Ranges(dumped)`` reads it."""
        return [[start, end] for start, end in self]
