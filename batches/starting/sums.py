"""What a batch comes to before it is begun: so many chunks, and so long at least at its pace."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batches.budgets import window_of
from batches.levels import sizes
from worker.batch_contract import MAX_CHUNK, MAX_PARALLEL, read_pace
from worker.batch_strategy import PER_ITEM
from worker.mapreduce_contract import FAN_IN, MOST_FAN_IN
from worker.reading import as_number
from worker.resilience.pace import SLIDING_WINDOW, Limit

LANES = 10
"""Items that a chunk runs at once."""


@dataclass(frozen=True)
class Sum:
    """``least``: seconds below which it cannot be done; None: no pace holds it back."""

    items: int
    chunks: int
    chunk_size: int
    at_once: int
    """Items that run at the same time, at most."""
    least: float | None
    group_by: str = ""
    """The column whose values are children: how many there are is known when the batch begins."""
    split_above: int | None = None
    """A group of more items is several children: no more are let through at once. None: none is too large."""


def sum_of(items: int, spec: Mapping[str, Any]) -> Sum | None:
    """None where what was typed makes no sense."""
    size = 1 if spec.get("strategy") == PER_ITEM else _whole(spec.get("chunk_size", 100), MAX_CHUNK)
    parallel = _whole(spec.get("max_parallel", 10), MAX_PARALLEL)
    given, errors = read_pace(spec.get("pace"))
    if not size or not parallel or errors:
        return None
    limits = binding(given, str(spec.get("service") or ""))
    chunks, column = math.ceil(items / size), str(spec.get("group_by") or "")
    at_once = min(items, (parallel if column else min(parallel, chunks)) * min(size, LANES))
    least = max((least_of(limit, items) for limit in limits), default=None)
    return Sum(items, chunks, size, at_once, least, column, split_above(limits, items) if column else None)


def binding(paces: list[Limit], service: str) -> list[Limit]:
    """Its own limits, and the budget of its service as one more."""
    budget = window_of(service)
    return [*paces, Limit(SLIDING_WINDOW, budget.limit, budget.seconds)] if budget else paces


def split_above(limits: list[Limit], largest: int) -> int | None:
    """Of groups of at most so many items: above how many one is begun in parts, each a child."""
    most = min((limit.most for limit in limits), default=None)
    return most if most is not None and most < largest else None


@dataclass(frozen=True)
class TreeSum:
    """``levels``: how many reduces each has."""

    items: int
    maps: int
    at_once: int
    levels: list[int]


def tree_of(items: int, call: Mapping[str, Any]) -> TreeSum | None:
    """What a MapReduce comes to. None where what was typed makes no sense."""
    size, parallel = (
        _whole(call.get("chunk_size") or 100, MAX_CHUNK),
        _whole(call.get("max_parallel") or 10, MAX_PARALLEL),
    )
    fan_in = _whole(call.get("fan_in") or FAN_IN, MOST_FAN_IN)
    if not size or not parallel or fan_in < 2:
        return None
    maps = math.ceil(items / size)
    return TreeSum(items, maps, min(maps, parallel), sizes(maps, fan_in))


def least_of(limit: Limit, items: int) -> float:
    """Seconds that so many items take at least. A window lets its number through at once, then waits its span."""
    if limit.kind == SLIDING_WINDOW:
        return (math.ceil(items / limit.limit) - 1) * limit.per_seconds
    return max(0.0, items - limit.most) * limit.per_seconds / limit.limit


def _whole(value: Any, most: int) -> int:
    """0 where it would be refused."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) and 0 < number <= most else 0
