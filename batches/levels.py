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
    groups = sizes(int(data["chunks"]), int(tree["fan_in"]))
    return [_level(number, each, tree) for number, each in enumerate(groups, 1)]


def sizes(partials: int, fan_in: int) -> list[int]:
    """How many reduces each level has. There is one level at least, for what a map returned is no result yet."""
    found: list[int] = []
    while not found or partials > 1:
        partials = max(1, -(-partials // fan_in))
        found.append(partials)
    return found


def _level(number: int, groups: int, tree: Mapping[str, Any]) -> Level:
    if tree["over"] or number < tree["level"]:
        return Level(number, groups, groups, "done")
    if number == tree["level"]:
        return Level(number, groups, int(tree["done"]), "now")
    return Level(number, groups, 0, "ahead")
