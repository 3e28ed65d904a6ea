"""Thin adapters from activities to services, by the queue they run on."""

from collections.abc import Callable
from typing import Any

from worker.activities import approvals, circuits, reconciling

DECISIONS: list[Callable[..., Any]] = [
    approvals.open_request,
    approvals.open_level,
    approvals.record_claims,
    approvals.expire_level,
    approvals.action_ended,
    approvals.close_request,
    approvals.run_action,
    circuits.record_circuit,
    reconciling.reconcile,
]
"""On the queue ``leitstand``."""

WORK: list[Callable[..., Any]] = []
"""On the queue ``leitstand-work``: batches, map and reduce, calls over HTTP. None yet."""

ALL = DECISIONS + WORK
