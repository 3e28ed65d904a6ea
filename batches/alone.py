"""Children that go on though the workflow of their batch has ended: each says what became of it, and counts once.

Nobody else could: the row stays open until the last has ended, and is closed then with what their notes say.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from batches import alarms, budgets, item_groups, mending
from batches.models import Batch, State
from batches.recording import SIX, counted
from live.writes import write
from worker.batch_children import ChildEnded, read_child, size_of
from worker.resilience.ranges import Ranges


def record_child(given: ChildEnded) -> bool:
    """Known by its round, once; a closed batch has counted it. False: its batch has not said yet that it ends."""
    with write():
        row = Batch.objects.select_for_update().filter(uuid=given.uuid).first()
        if row is None or row.closed_at is not None:
            return True
        if row.state != State.STARTED:
            return False
        if (child := row.alone.pop(str(given.round), None)) is not None:
            _count(row, child["child"], given)
            row.save()
    finish(row)
    return True


def _count(row: Batch, child: Mapping[str, Any], ended: ChildEnded) -> None:
    """What it ran is running no more; no more of it can have ended than it had."""
    size = min(size_in({"child": child}), row.running)
    left = min(len(Ranges(ended.done.left)), size)
    failed = min(ended.done.failed, size - left)
    degraded = min(ended.done.degraded, size - left - failed)
    row.running -= size
    row.pending += left
    row.failed += failed
    row.degraded += degraded
    row.succeeded += size - left - failed - degraded
    served = size - left - failed
    item_groups.count(row, int(child["first"]), served=served, degraded=degraded, failed=failed)
    row.moved_at = row.written_at = timezone.now()
    row.told = {**row.told, **{name: getattr(row, name) for name in SIX}}


def finish(row: Batch) -> bool:
    """Close it, if the last of its children has ended. Safe to ask again."""
    if row.state != State.STARTED or row.alone or row.closed_at is not None:
        return False
    notes = mending.notes_of(row)
    with write():
        row = Batch.objects.select_for_update().get(pk=row.pk)
        if row.closed_at is not None or row.alone:
            return False
        mending.count(row, notes)
        row.state, row.closed_at = _how(row), timezone.now()
        row.result = mending.result_of(row, _why(row))
        row.told = {**row.told, "state": row.state, **{name: getattr(row, name) for name in SIX}, "groups": []}
        row.save()
        budgets.over(row)
        counted(row, row.state)
        alarms.closed(row, row.closed_at)
        mending.enter(row, "closed", {"status": row.state, **mending.numbers(row), "reason": row.result["reason"]})
    if notes is not None:
        mending.gather(row)
    return True


def _how(row: Batch) -> str:
    """As its workflow ended; where that only did not wait, by what its children have come to."""
    status = str((row.result or {}).get("status"))
    if status in (State.CANCELLED, State.TERMINATED, State.FAILED):
        return status
    tolerated = float(row.told.get("tolerated_failure_rate", 0.1)) * row.total
    return State.FAILED if row.failed > tolerated or row.pending else State.COMPLETED


def _why(row: Batch) -> str:
    if reason := str((row.result or {}).get("reason") or ""):
        return reason
    return f"Children that went on left {row.pending:,} items that were not run." if row.pending else ""


def size_in(each: Mapping[str, Any]) -> int:
    child = read_child(each["child"])
    return size_of(child) if child else 0


def of_child(id: str, given: Any) -> dict[str, Any] | None:
    """As Alone, of a child that Temporal has; None: it is no child of a batch."""
    child = read_child(given)
    return {"id": id, "child": asdict(child)} if child else None
