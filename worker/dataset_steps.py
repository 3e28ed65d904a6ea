"""The activities of data sets by reference, each with its timeouts and retries; any workflow may call them by name."""

from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from worker.dataset_contract import DatasetNews, LoadSet, ProcessSet, SetReference
from worker.steps import WORK_QUEUE, record

T = TypeVar("T")

# Some two minutes for a disk to get room or a storage to answer; then it fails, with the cause.
TRIES = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(seconds=60), maximum_attempts=6)
CLEANING = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10), maximum_attempts=3
)


async def load_dataset(given: LoadSet) -> SetReference:
    """Loaded, and stored while it comes."""
    return await _call("load_dataset", given, SetReference, minutes=10, heartbeat=30)


async def verify_dataset(given: SetReference) -> int:
    return await _call("verify_dataset", given, int, minutes=10, heartbeat=30)


async def process_dataset(given: ProcessSet) -> Any:
    return await _call("process_dataset", given, None, minutes=30, heartbeat=60)


async def clean_up_dataset(kind: str) -> int:
    """Of everything that this run has stored; how many there were."""
    return await _call("clean_up_dataset", kind, int, minutes=5, heartbeat=30, retry=CLEANING)


async def record_dataset(given: DatasetNews) -> None:
    await record("record_dataset", given, bool)


async def _call(
    name: str, given: Any, gives: type[T] | None, *, minutes: int, heartbeat: int, retry: RetryPolicy | None = None
) -> T:
    """Cancelled, it has ended and tidied up before the workflow goes on: so cleaning finds all there is."""
    done: T = await workflow.execute_activity(
        name,
        given,
        result_type=gives,
        task_queue=WORK_QUEUE,
        start_to_close_timeout=timedelta(minutes=minutes),
        heartbeat_timeout=timedelta(seconds=heartbeat),
        retry_policy=retry or TRIES,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    return done
