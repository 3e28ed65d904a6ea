"""Thin adapters from activities to services, by the queue they run on."""

from collections.abc import Callable
from typing import Any

from worker.activities import (
    approvals,
    batch_children,
    batches,
    circuits,
    clock,
    datasets,
    jobs,
    mapreduce,
    reconciling,
)

DECISIONS: list[Callable[..., Any]] = [
    approvals.open_request,
    approvals.open_level,
    approvals.record_claims,
    approvals.expire_level,
    approvals.action_ended,
    approvals.close_request,
    approvals.run_action,
    circuits.record_circuit,
    batches.record_batch,
    batches.ask_service,
    batch_children.end_children,
    batch_children.record_child,
    reconciling.reconcile,
    clock.stop_scheduled,
    datasets.record_dataset,
]
"""On the queue ``leitstand``."""

WORK: list[Callable[..., Any]] = [
    clock.begin_scheduled,
    jobs.traffic_lane,
    batches.prepare_batch,
    batches.run_chunk,
    batches.count_chunk,
    batches.find_degraded,
    batches.find_failed,
    batches.close_batch,
    batch_children.count_child,
    batch_children.leave_batch,
    mapreduce.prepare_mapreduce,
    mapreduce.map_chunk,
    mapreduce.end_map,
    mapreduce.reduce_group,
    mapreduce.close_mapreduce,
    datasets.load_dataset,
    datasets.verify_dataset,
    datasets.process_dataset,
    datasets.clean_up_dataset,
]
"""On the queue ``leitstand-work``: jobs, batches of them, map and reduce."""

ALL = DECISIONS + WORK
