"""What ``get_progress`` of a batch answers, and what a batch returns: plain JSON, times in epoch seconds. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from worker.batch_children import Alone
from worker.batch_counting import Batch
from worker.batch_state import Piece
from worker.batch_wire import Gathered
from worker.resilience.ranges import Ranges

PREPARING, RUNNING, PAUSING, PAUSED, STOPPING = "preparing", "running", "pausing", "paused", "stopping"
COMPLETED, FAILED, CANCELLED, INVALID = "completed", "failed", "cancelled", "invalid"
STARTED = "started"
"""Children go on, and nobody waits for them."""
NAMED = 100
"""Children in a result."""

MOST_RANGES, MOST_OLDEST = 200, 5
"""Of chunks that are named: what it tells stays small, whatever is under way."""

NOTHING = {
    "total": 0, "succeeded": 0, "degraded": 0, "failed": 0, "held": 0, "running": 0, "pending": 0,
    "rate": 0.0, "eta_seconds": None,
}  # fmt: skip
"""Before the items were counted."""


def phase_of(batch: Batch, ended: str = "") -> str:
    """``paused`` means that nothing is in flight."""
    if ended:
        return ended
    if batch.state.stopping:
        return STOPPING
    if batch.state.paused:
        return PAUSING if batch.busy else PAUSED
    return RUNNING


def told(batch: Batch, now: float, ended: str = "") -> dict[str, Any]:
    state = batch.state
    return {
        "state": phase_of(batch, ended),
        **_counts(batch),
        **_speed(batch, now),
        "uuid": state.uuid,
        "title": state.plan.title,
        "job": state.plan.job,
        "data": asdict(state.data),
        "chunks": state.data.chunks,
        "chunks_in_flight": len(batch.running),
        **_chunks(batch),
        "max_parallel": state.max_parallel,
        "pace": [asdict(limit) for limit in state.pace],
        "tolerated_failure_rate": state.plan.tolerated_failure_rate,
        "paused_by": state.paused_by,
        "paused_reason": state.paused_reason,
        "paused_at": state.paused_at,
        "stopping": state.stopping,
        "stopping_reason": state.stopping_reason,
        "retrying": len(state.wishes),
        "interventions": state.interventions,
        "begun_at": state.begun_at,
        "runs": state.runs,
        "service": state.plan.service,
        "rungs": {name: number for name, number in state.rungs.items() if number},
        "holding": _holding(batch),
        "window": state.plan.window,
        "strategy": state.plan.strategy,
        "parent_close_policy": state.plan.parent_close_policy,
        "wait": state.plan.wait,
        "child_attempts": state.plan.child_attempts,
        **batch.told_groups(),
        "waits": asdict(state.waiting.now),
        "spent": state.waiting.shares(now),
        "work": _work(batch, now),
    }


def _holding(batch: Batch) -> dict[str, Any] | None:
    """Which circuit holds items, since when the first of them, and when it fails at the latest. None: it holds none."""
    since = batch.held_since
    if not since or not batch.held:
        return None
    plan = batch.state.plan
    return {"service": plan.service, "since": since, "until": since + plan.hold_seconds}


def _work(batch: Batch, now: float) -> dict[str, Any] | None:
    """What ended in the last minute: seconds of an item's job, shares of a chunk's time. None: unknown."""
    items, job, reading, standing, whole = batch.state.costs.sums(now) or [0] * 5
    if not items:
        return None
    return {
        "items": items,
        "item_seconds": job / 1_000 / items,
        "reading": reading / whole if whole else 0.0,
        "standing": standing / whole if whole else 0.0,
    }


def _counts(batch: Batch) -> dict[str, int]:
    state = batch.state
    return {
        "total": batch.total,
        "succeeded": state.succeeded,
        "degraded": state.degraded,
        "failed": state.failed,
        "held": batch.held,
        "running": batch.running_items,
        "pending": batch.pending,
    }


def _speed(batch: Batch, now: float) -> dict[str, float | None]:
    """Items a second over the last minute, or since it began."""
    state = batch.state
    (ended,) = state.recent.sums(now) or [0]
    rate = ended / min(state.recent.span(now), max(1.0, now - state.begun_at))
    left = batch.waiting + batch.running_items
    return {"rate": rate, "eta_seconds": left / rate if rate else None}


def _chunks(batch: Batch) -> dict[str, Any]:
    """Where in its data it is. Chunks count from 0; those below ``next_chunk`` that are not named here have ended."""
    state = batch.state
    oldest = sorted(batch.running.values(), key=lambda piece: (piece.begun_at, piece.round))[:MOST_OLDEST]
    slowest = {"chunk": state.slowest_chunk, "seconds": state.slowest_seconds}
    return {
        "next_chunk": state.next_chunk,
        "chunks_running": _ranges(batch.running.values()),
        "chunks_left": _ranges(state.todo),
        "oldest": [{"chunk": piece.chunk, "since": piece.begun_at} for piece in oldest],
        "slowest": slowest if state.slowest_chunk >= 0 else None,
        "median_seconds": median(state.lasted) if state.lasted else None,
    }


def _ranges(pieces: Iterable[Piece]) -> list[list[int]]:
    return Ranges((piece.chunk, piece.chunk + 1) for piece in pieces).dump()[:MOST_RANGES]


def status_of(batch: Batch) -> str:
    stopping = batch.state.stopping
    return CANCELLED if stopping == "cancelled" else FAILED if stopping else COMPLETED


def result_of(batch: Batch, gathered: Gathered) -> dict[str, Any]:
    """The contract's result: successful + degraded + failed + not_run is always the total."""
    state = batch.state
    served = state.succeeded + state.degraded
    return {
        "status": status_of(batch),
        "total": batch.total,
        "successful": state.succeeded,
        "degraded": state.degraded,
        "failed": state.failed,
        "not_run": batch.waiting,
        "success_rate": served / batch.total if batch.total else 0.0,
        "rungs": {name: number for name, number in state.rungs.items() if number},
        "results": gathered.results,
        "failed_items": gathered.failed_items,
        "reason": state.stopping_reason,
        "batch": state.uuid,
    }


def left_of(batch: Batch, gathered: Gathered, alone: Sequence[Alone]) -> dict[str, Any]:
    """What it returns where children go on: what they run counts as not run so far, and is ``under_way``."""
    result = result_of(batch, gathered)
    return {
        **result,
        "status": STARTED if result["status"] == COMPLETED else result["status"],
        "not_run": batch.pending + batch.running_items,
        "under_way": batch.running_items,
        "children_open": len(alone),
        "children": [each.id for each in alone[:NAMED]],
    }


def refused(errors: list[str]) -> dict[str, Any]:
    return {"status": INVALID, "errors": errors}


def never_begun(reason: str = "") -> dict[str, Any]:
    """Cancelled before the items were counted."""
    return {
        "status": CANCELLED, "total": 0, "successful": 0, "degraded": 0, "failed": 0, "not_run": 0,
        "success_rate": 0.0, "results": None, "failed_items": [], "reason": reason,
    }  # fmt: skip
