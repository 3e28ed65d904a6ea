"""Rows of batches put right after Temporal: each repair one transaction with its ledger entry, harmless if repeated."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from approvals.recording import moment
from audit.models import Entry
from audit.services import append
from batches import alarms, budgets
from batches.beginning import row_of
from batches.failing import first_failed
from batches.mapped import mapped
from batches.models import Batch, Kind, State
from batches.recording import SIX, counted
from live.writes import write
from worker.batch_wire import BatchRef
from worker.chunks import ending
from worker.chunks.ending import Counted
from worker.mapreduce_telling import KIND

log = logging.getLogger(__name__)

SHOWN = 100
"""Failed items in the result."""


def end_outside(row: Batch, *, reason: str, how: str, at: datetime | None = None, by: str = "") -> bool:
    """Close a batch whose workflow has ended without saying so: with what its notes say, or the row knew last."""
    notes = notes_of(row)
    with write():
        row = Batch.objects.select_for_update().get(pk=row.pk)
        if row.closed_at is not None:
            return False
        count(row, notes)
        row.state, row.closed_at, row.missing_since = State.TERMINATED, at or timezone.now(), None
        row.result = result_of(row, reason)
        row.told = {**row.told, "state": row.state, **{name: getattr(row, name) for name in SIX}}
        row.save()
        budgets.over(row)
        counted(row, State.TERMINATED)
        alarms.closed(row, row.closed_at)
        data = {"how": how, "reason": reason, "ended_by": by, "counted": "notes" if notes else "last_known"}
        enter(row, "ended_outside", {**numbers(row), **data})
    if notes is not None and row.kind == Kind.BATCH:
        gather(row)
    return True


def notes_of(row: Batch) -> Counted | None:
    """None where there are none, or they cannot be read: what the row knew is better than a batch that never ends."""
    try:
        return mapped(row) if row.kind == Kind.MAPREDUCE else ending.end(str(row.uuid))
    except (OSError, ValueError, TypeError) as error:
        log.warning("The notes of %s cannot be read: %s", row.reference, error)
        return None


def count(row: Batch, notes: Counted | None) -> None:
    """Nothing runs any more: what did is not run. More than there are cannot have been done: then as it was known."""
    row.pending += row.running + row.held
    row.running = row.held = 0
    failed = row.groups.aggregate(all=Sum("number"))["all"] or 0
    if notes is not None and notes.succeeded + notes.degraded + failed <= row.total:
        row.succeeded, row.degraded, row.failed = notes.succeeded, notes.degraded, failed
        row.pending = row.total - row.succeeded - row.degraded - row.failed


def result_of(row: Batch, reason: str) -> dict[str, Any]:
    """As a batch that says it itself."""
    served = row.succeeded + row.degraded
    rate = served / row.total if row.total else 0.0
    return {
        "status": row.state,
        **numbers(row),
        "success_rate": rate,
        "results": None,
        "failed_items": first_failed(str(row.uuid), SHOWN),
        "reason": reason,
        "batch": str(row.uuid),
    }


def numbers(row: Batch) -> dict[str, int]:
    return {
        "total": row.total,
        "successful": row.succeeded,
        "degraded": row.degraded,
        "failed": row.failed,
        "not_run": row.pending,
    }


def gather(row: Batch) -> None:
    """Should this end before its end, what was returned stays readable where it lies."""
    try:
        results = ending.gather(str(row.uuid))
    except OSError as error:
        log.warning("The results of %s cannot be gathered: %s", row.reference, error)
        return
    if results is not None and row.result is not None:
        row.result["results"] = results
        row.save(update_fields=["result"])


def note_missing(row: Batch, since: datetime | None) -> None:
    """Since when Temporal does not know its workflow; None: it does."""
    with write(nudge=False):
        Batch.objects.filter(pk=row.pk).update(missing_since=since)


# --- it goes on, or has ended, and the row lags ------------------------------------------------------------------


def differs(row: Batch, told: Mapping[str, Any]) -> list[str]:
    """In what the row does not say what the workflow says."""
    return [name for name in ("state", "total", *SIX) if told.get(name) != getattr(row, name)]


def is_ahead(row: Batch, told: Mapping[str, Any]) -> bool:
    """It knows of more than its workflow does: that is no lag. What lags has only not been written yet."""
    return bool(row.total) and (told["total"] != row.total or _done(told) < row.succeeded + row.degraded + row.failed)


def _done(told: Mapping[str, Any]) -> int:
    return int(told["succeeded"] + told["degraded"] + told["failed"])


def follow(row: Batch, told: Mapping[str, Any], *, run_id: str) -> list[str]:
    """What was changed; nothing, if the row was written meanwhile. That one only catches up is not for the ledger."""
    with write():
        fresh = Batch.objects.select_for_update().get(pk=row.pk)
        changed = differs(fresh, told)
        if not changed or fresh.written != row.written or fresh.closed_at is not None:
            return []
        amiss = is_ahead(fresh, told)
        was = {name: getattr(fresh, name) for name in changed}
        if _done(told) > fresh.succeeded + fresh.degraded + fresh.failed:
            fresh.moved_at = timezone.now()
        for name in ("state", "total", *SIX):
            setattr(fresh, name, told[name])
        fresh.told, fresh.run_id, fresh.written_at = dict(told), run_id, timezone.now()
        fresh.save()
        if amiss:
            enter(fresh, "mended", {"reason": ", ".join(changed), "was": was, "state": fresh.state})
    return changed if amiss else []


def close(row: Batch, result: Mapping[str, Any], at: datetime) -> bool:
    """With what the workflow returned, which the row never heard of."""
    with write():
        fresh = Batch.objects.select_for_update().get(pk=row.pk)
        if fresh.closed_at is not None:
            return False
        status = str(result.get("status", ""))
        fresh.state = status if status in State.values else State.TERMINATED
        names = {"succeeded": "successful", "degraded": "degraded", "failed": "failed", "pending": "not_run"}
        for column, name in names.items():
            setattr(fresh, column, int(result.get(name) or 0))
        fresh.total, fresh.running, fresh.held = int(result.get("total") or 0), 0, 0
        fresh.result, fresh.closed_at = dict(result), at
        fresh.save()
        budgets.over(fresh)
        counted(fresh, fresh.state)
        alarms.closed(fresh, at)
        enter(fresh, "mended", {"reason": "closed", "state": fresh.state, **numbers(fresh)})
    return True


def recreate(ref: BatchRef, told: Mapping[str, Any], *, started_at: float) -> Batch:
    """Write down again a batch that runs and has no row, by what it says of itself."""
    with write():
        row = row_of(ref)
        row.title, row.job = str(told.get("title", ""))[:200], str(told.get("job", ""))[:200]
        for name in ("state", "total", *SIX):
            setattr(row, name, told[name])
        row.kind = Kind.MAPREDUCE if told.get("kind") == KIND else Kind.BATCH
        row.told, row.data, row.begun_at = dict(told), told.get("data"), moment(told.get("begun_at") or started_at)
        row.save()
        enter(row, "mended", {"reason": "its row had been lost", "state": row.state})
    return row


def enter(row: Batch, kind: str, data: dict[str, Any]) -> None:
    append(
        stream=row.stream,
        kind=f"batch.{kind}",
        actor="reconciler",
        known=Entry.Known.SYSTEM,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
        data=data,
    )
