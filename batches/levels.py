"""The tree of reduces of a MapReduce, level by level, for its page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Level:
    """``groups`` are reduced, each to one partial result; ``state``: "done", "now" or "ahead"."""

    number: int
    groups: int
    done: int
    state: str


def levels(progress: Mapping[str, Any], data: Mapping[str, Any] | None) -> Sequence[Level]:
    """Nothing before its items were counted."""
    tree = progress.get("reducing")
    if not tree or not data:
        return []
    found: list[Level] = []
    partials = int(data["chunks"])
    for number in range(1, int(tree["levels"]) + 1):
        partials = max(1, -(-partials // int(tree["fan_in"])))
        found.append(_level(number, partials, tree))
    return found


def _level(number: int, groups: int, tree: Mapping[str, Any]) -> Level:
    if tree["over"] or number < tree["level"]:
        return Level(number, groups, groups, "done")
    if number == tree["level"]:
        return Level(number, groups, int(tree["done"]), "now")
    return Level(number, groups, 0, "ahead")
