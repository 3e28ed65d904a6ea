"""The row of a batch whose workflow ends before its children: it stays open, and knows who goes on."""

from collections.abc import Iterable, Mapping
from typing import Any

from batches import budgets
from batches.models import Batch, State


def leave(row: Batch, children: Iterable[Mapping[str, Any]], result: Mapping[str, Any]) -> None:
    """The caller holds the transaction."""
    row.state, row.result = State.STARTED, dict(result)
    row.alone = {str(each["child"]["round"]): dict(each) for each in children}
    row.told = {**row.told, "state": row.state}
    budgets.over(row)


def numbers(row: Batch) -> dict[str, int]:
    """Of those that go on: how many, with how many items."""
    return {"children": len(row.alone), "under_way": row.running}
