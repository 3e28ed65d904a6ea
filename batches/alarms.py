"""What ops are told of batches: that one failed, was not approved, waits above its tolerance, stands still; once."""

import time
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from batches.alarm_words import DECLINED, FAILED, OUTCOMES, REDUCE, STILL, WAITS
from batches.models import Batch, State
from circuits import episodes
from circuits.models import Episode
from live.writes import write
from worker.batch_wire import BatchEvent
from worker.mapreduce_contract import ATTEMPTS, REDUCE_SECONDS

WAITING = {"tolerance": WAITS, "reduce": REDUCE}
"""Why a batch pauses by itself, and what ops are told then."""
SHORTEST = timedelta(minutes=5)
LOOK = 10.0
"""Seconds between two looks of a worker for batches that stand still."""

_begun = timezone.now()
"""What did not move while no worker ran gets its time from then on."""
_next = 0.0


# --- in the transaction that writes it down ----------------------------------------------------------------------


def happened(row: Batch, event: BatchEvent, at: datetime) -> None:
    if event.kind == "paused":
        episodes.end(f"{STILL}:{row.uuid}", at=at)
        if event.cause in WAITING:
            episodes.begin(f"{WAITING[event.cause]}:{row.uuid}", at=at, cause=event.reason)
    elif event.kind in ("resumed", "failing", "cancelling"):
        for name in WAITING.values():
            episodes.end(f"{name}:{row.uuid}", at=at)


def moved(row: Batch, at: datetime) -> None:
    episodes.end(f"{STILL}:{row.uuid}", at=at)


def closed(row: Batch, at: datetime) -> None:
    for name in (*WAITING.values(), STILL):
        episodes.end(f"{name}:{row.uuid}", at=at)
    if row.state in (State.FAILED, State.TERMINATED):
        episodes.happened(f"{FAILED}:{row.uuid}", at=at, cause=str((row.result or {}).get("reason", "")))


def declined(row: Batch) -> None:
    """In the transaction that ends it, so once. ``row.result`` says how its request ended, by whom, and why."""
    said = row.result or {}
    how = OUTCOMES.get(said.get("outcome", ""), OUTCOMES[""])
    parts = [str(how), said.get("by"), said.get("reason") and f"“{said['reason']}”"]
    cause = ", ".join(part for part in parts if part)
    episodes.happened(f"{DECLINED}:{row.uuid}", at=row.closed_at or timezone.now(), cause=cause)


# --- the chore of every worker -----------------------------------------------------------------------------------


def look() -> int:
    """How many were found standing still that did not before."""
    global _next
    if time.monotonic() < _next:
        return 0
    _next = time.monotonic() + LOOK
    now = timezone.now()
    old = Q(moved_at__lt=now - SHORTEST) | Q(moved_at=None, begun_at__lt=now - SHORTEST)
    rows = Batch.objects.filter(old, closed_at=None, state=State.RUNNING).defer("payload", "data")
    return sum(_stands(row) for row in rows if now - _since(row) > patience(row))


def standing() -> list[str]:
    """The uuids of those that ops were told of."""
    known = Episode.objects.filter(subject__startswith=f"{STILL}:", ended_at=None)
    return [subject.partition(":")[2] for subject in known.values_list("subject", flat=True)]


def _since(row: Batch) -> datetime:
    return max(row.moved_at or row.begun_at or row.created_at, _begun)


def patience(row: Batch) -> timedelta:
    """Three times its slowest chunk, or as long as its pace wants; before the first has ended: what one may take."""
    told = row.told
    slowest = (told.get("slowest") or {}).get("seconds") or 0.0
    chunk = 3 * slowest if slowest else float((row.spec or {}).get("chunk_timeout_seconds") or 0.0)
    if told.get("phase") == "reduce":
        chunk = max(chunk, ATTEMPTS * REDUCE_SECONDS)
    pace = max((1.5 * float(limit["per_seconds"]) for limit in told.get("pace", ())), default=0.0)
    return max(SHORTEST, timedelta(seconds=chunk), timedelta(seconds=pace))


def _stands(row: Batch) -> bool:
    subject = f"{STILL}:{row.uuid}"
    if episodes.going_on(subject):
        return False
    with write():
        fresh = Batch.objects.select_for_update().get(pk=row.pk)
        if fresh.moved_at != row.moved_at or fresh.state != State.RUNNING or episodes.going_on(subject):
            return False
        episodes.begin(subject, at=_since(row), cause=_("No item has come to an end since then."))
    return True
