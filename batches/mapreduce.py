"""The map and the reduce that come with MapReduce: numbers under ``value`` are counted, added up and averaged."""

import math
from collections.abc import Sequence
from typing import Any

from worker.maps import mapper, reducer
from worker.resilience.fallback import NotAgain


@mapper("map_values", title="adds up the numbers of a column")
def map_values(*, items: list[Any], column: str = "value") -> dict[str, Any]:
    """The number that each item has in this column; a text such as 1.5 is read as one. An item without one fails."""
    numbers: list[Any] = [item[column] if isinstance(item, dict) and column in item else None for item in items]
    if not set(map(type, numbers)) <= {int, float}:
        numbers = [_number(number, column) for number in numbers]
    return {"total": _sum(numbers), "count": len(numbers)}


@reducer("reduce_values", title="adds sums up, and says their average")
def reduce_values(*, partials: list[Any]) -> dict[str, Any]:
    """Gives the total, how many numbers it is of, and their average; 0 for none."""
    total = _sum([partial["total"] for partial in partials])
    count = sum(partial["count"] for partial in partials)
    return {"total": total, "count": count, "average": total / count if count else 0}


def _number(value: Any, column: str) -> int | float:
    """A cell of CSV is a text. Raises NotAgain for what is no number."""
    if isinstance(value, str) and len(value) <= 300:
        value = _read(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAgain(f"It has no number under {column!r:.80}, but {value!r:.80}.")
    return value  # type: ignore[no-any-return]


def _read(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _sum(numbers: Sequence[int | float]) -> int | float:
    """Whole numbers stay whole. Raises NotAgain for infinity and what is no number."""
    if all(type(number) is int for number in numbers):
        return sum(numbers)
    try:
        total = math.fsum(numbers)
    except (OverflowError, ValueError):
        total = math.nan
    if not math.isfinite(total):
        raise NotAgain("The sum of these numbers is no number: one of them is infinite or none, or they are too large.")
    return total
