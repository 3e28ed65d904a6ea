"""The activities of batches, each with its name, types, timeouts and retries, so that the workflow reads as prose."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import (
    ActivityCancellationType,
    ActivityHandle,
    ChildWorkflowCancellationType,
    ChildWorkflowHandle,
    ParentClosePolicy,
)

from worker import steps
from worker.batch_children import CHILD, ChildDone, ChildEnded, CountChild, EndChildren, RunChild, dump
from worker.batch_strategy import ABANDON, REQUEST_CANCEL, TERMINATE
from worker.batch_wire import (
    AskService,
    BatchNews,
    ChunkDone,
    FindFailed,
    FoundFailed,
    Gathered,
    PrepareBatch,
    Prepared,
    RunChunk,
    ServiceSays,
)

T = TypeVar("T")

# Without an end: a chunk goes on from its notes, and what cannot be run of it fails there, not here.
WORK = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10))
# In a child what no try of its own will mend is the child's failure, and its own retries' matter; sudden ends are not.
CHILD_WORK = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=10),
    non_retryable_error_types=["Missing", "OSError", "FileNotFoundError", "PermissionError"],
)
CHILD_POLICIES = {
    TERMINATE: ParentClosePolicy.TERMINATE,
    REQUEST_CANCEL: ParentClosePolicy.REQUEST_CANCEL,
    ABANDON: ParentClosePolicy.ABANDON,
}
DEAD = timedelta(seconds=10)
"""Without a heartbeat for so long, the worker is taken for dead."""
FIRST = Priority(priority_key=1)
"""What a batch begins and ends with waits behind no chunk of another."""


def work(name: str, given: object, gives: type[T], limit: timedelta) -> ActivityHandle[T]:
    return workflow.start_activity(
        name,
        given,
        result_type=gives,
        task_queue=steps.WORK_QUEUE,
        start_to_close_timeout=limit,
        heartbeat_timeout=DEAD,
        retry_policy=WORK,
        priority=FIRST,
    )


def prepare_batch(given: PrepareBatch) -> ActivityHandle[Prepared]:
    return work("prepare_batch", given, Prepared, timedelta(hours=6))


def start_chunk(given: RunChunk, seconds: float, retries: RetryPolicy = WORK) -> ActivityHandle[ChunkDone]:
    """Cancelled, it ends the items that it runs, and says what is left."""
    return in_turn("run_chunk", given.uuid, given, ChunkDone, seconds, retries)


def in_turn(
    name: str, uuid: str, given: object, gives: type[T], seconds: float, retries: RetryPolicy
) -> ActivityHandle[T]:
    """What beats while it runs, and longer than ``seconds`` is begun anew; cancelled, it is waited for.

    Where such work queues up, Temporal takes it batch by batch, each by its ``uuid``.
    """
    return workflow.start_activity(
        name,
        given,
        result_type=gives,
        task_queue=steps.WORK_QUEUE,
        start_to_close_timeout=timedelta(seconds=seconds),
        heartbeat_timeout=DEAD,
        retry_policy=retries,
        priority=Priority(fairness_key=uuid),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def count_chunk(given: RunChunk) -> ChunkDone:
    """What a chunk has done that ended without a word."""
    return await work("count_chunk", given, ChunkDone, timedelta(minutes=5))


async def find_failed(given: FindFailed) -> FoundFailed:
    return await work("find_failed", given, FoundFailed, timedelta(minutes=5))


async def find_degraded(given: FindFailed) -> FoundFailed:
    return await work("find_degraded", given, FoundFailed, timedelta(minutes=5))


async def close_batch(uuid: str) -> Gathered:
    return await work("close_batch", uuid, Gathered, timedelta(hours=6))


async def record_batch(given: BatchNews) -> None:
    await steps.record("record_batch", given, bool)


async def ask_service(given: AskService) -> ServiceSays:
    """Short, and beside the decisions: a full queue for work must not keep a batch from asking."""
    return await steps.record("ask_service", given, ServiceSays)


# --- children -----------------------------------------------------------------------------------------------------


async def start_child(given: RunChild, id: str, policy: str, attempts: int) -> ChildWorkflowHandle[object, ChildDone]:
    """It has started when this returns. Cancelled by its batch, and only then, it ends what it runs and says so."""
    return await workflow.start_child_workflow(
        CHILD,
        dump(given),
        id=id,
        result_type=ChildDone,
        parent_close_policy=CHILD_POLICIES[policy],
        cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60), maximum_attempts=attempts
        ),
        static_summary=f"{given.items:,} items from number {given.first + 1:,} on",
    )


async def count_child(given: CountChild) -> ChunkDone:
    """What a child has done that ended without a word."""
    return await work("count_child", given, ChunkDone, timedelta(minutes=5))


async def end_children(children: Sequence[tuple[str, str]], reason: str) -> None:
    """Terminate them. Beside the decisions: whoever cancels a batch waits behind no chunk."""
    await steps.record("end_children", EndChildren([list(each) for each in children], reason), bool)


async def leave_batch(uuid: str) -> Gathered:
    """In place of closing it, where children go on: of the failed items those that are known."""
    return await work("leave_batch", uuid, Gathered, timedelta(minutes=5))


async def record_child(given: ChildEnded) -> bool:
    """False: its batch has not said yet that it ends before this child."""
    return await steps.record("record_child", given, bool)
