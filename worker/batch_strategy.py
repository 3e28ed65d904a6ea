"""Who runs the chunks of a batch, itself or children, and what becomes of these: a spec's keys about that. Pure."""

from collections.abc import Sequence
from typing import Any

from worker.reading import Reader

ACTIVITIES, PER_CHUNK, PER_ITEM = "activities", "child_per_chunk", "child_per_item"
STRATEGIES = (ACTIVITIES, PER_CHUNK, PER_ITEM)
TERMINATE, REQUEST_CANCEL, ABANDON = "terminate", "request_cancel", "abandon"
POLICIES = (TERMINATE, REQUEST_CANCEL, ABANDON)
ATTEMPTS = 10
"""Tries of a child, unless the spec says something else."""


def read_children(read: Reader) -> dict[str, Any]:
    """The keys of a spec that are about children; what does not fit together is said."""
    strategy = _one_of(read, "strategy", STRATEGIES)
    policy = _one_of(read, "parent_close_policy", POLICIES)
    wait = read.given.get("wait")
    if wait is not None and not isinstance(wait, bool):
        read.errors.append("wait must be true or false.")
    wait = wait is not False
    if strategy == ACTIVITIES and policy != TERMINATE:
        read.errors.append("parent_close_policy is about children, and strategy activities has none.")
    if not wait and strategy == ACTIVITIES:
        read.errors.append("wait can be false only where children do the work: set strategy to child_per_chunk.")
    elif not wait and policy != ABANDON:
        read.errors.append("wait can be false only with parent_close_policy abandon: else its end would end them.")
    group_by = read.text("group_by")
    if group_by and strategy != PER_CHUNK:
        read.errors.append("group_by needs strategy child_per_chunk: each group is run by a child.")
    elif group_by and read.given.get("on_tolerance") == "pause":
        read.errors.append("on_tolerance must be fail with group_by: a group ends for itself, and the others go on.")
    attempts = read.whole("child_attempts", 1, 100) or ATTEMPTS
    return {
        "strategy": strategy,
        "parent_close_policy": policy,
        "wait": wait,
        "child_attempts": attempts,
        "group_by": group_by,
    }


def _one_of(read: Reader, name: str, known: Sequence[str]) -> str:
    value = read.given.get(name)
    if value is not None and value not in known:
        read.errors.append(f"{name} must be {' or '.join(known)}.")
    return str(value) if value in known else known[0]
