"""Why a batch is not faster: which of what is known binds it now. What is not known is not said. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from batches import reasons
from batches.evidence import Evidence
from batches.reasons import Case, Why
from worker import batch_waiting as causes

TAKEN_WITHIN = 3.0
"""Seconds within which a worker that has a place takes a chunk: who waits longer, waits for a worker."""
SETTLED = 4.0
"""Seconds after which what binds is not taken for chance any more; before that the last minute is asked."""


def why(progress: Mapping[str, Any], known: Evidence, now: float) -> Why | None:
    """Of one whose workflow has just answered. None: there is nothing to be said, or its state says it already."""
    if progress["state"] not in ("preparing", "running"):
        return None
    case = Case(progress, _binding(progress, now), known.work, known.workers, now, known.limit)
    if found := _work(case):
        return found
    if progress["state"] == "preparing":
        return None
    if progress.get("phase") == "reduce" and case.waits.get("cause") == causes.LAST:
        return reasons.reducing(progress)
    said = reasons.REASONS.get(case.waits.get("cause", ""), reasons.unknown)(case)
    return replace(said, shares=reasons.shares(progress.get("spent") or {}))


def _work(case: Case) -> Why | None:
    """That comes first: without a worker nothing else binds."""
    work = case.work
    if work is None:
        return None
    if work.waiting and case.now - work.since > TAKEN_WITHIN:
        return reasons.nobody_takes(case, work) if case.limit is None else reasons.limited(case, work, case.limit)
    if work.failing:
        return reasons.failing(work)
    return reasons.lost(work) if work.lost and not work.taken else None


def _binding(progress: Mapping[str, Any], now: float) -> Mapping[str, Any]:
    """What has been so for some seconds; where that changes all the time, what took most of the last minute."""
    waits: Mapping[str, Any] = progress.get("waits") or {}
    spent: Mapping[str, float] = progress.get("spent") or {}
    settled = now - (waits.get("since") or now) >= SETTLED
    if settled or not spent or waits.get("cause") not in (causes.PARALLEL, causes.PACE):
        return waits
    most = max((causes.PARALLEL, causes.PACE), key=lambda cause: spent.get(cause, 0.0))
    if most == waits["cause"]:
        return waits
    if most == causes.PARALLEL:
        return {"cause": most}
    return _slowest(progress) or waits


def _slowest(progress: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Of its paces, the one that allows least."""
    least = min(progress["pace"], key=lambda each: each["limit"] / each["per_seconds"], default=None)
    return {"cause": causes.PACE, **least} if least else None
