"""The reconciler's activity: on a thread of its own, for it may take minutes and decisions must not wait for it."""

from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.exceptions import ApplicationError

from worker import registry
from worker.activities.running import in_thread
from worker.client import ClientError

THREAD = ThreadPoolExecutor(1, thread_name_prefix="reconciling")


@activity.defn
async def reconcile() -> dict[str, int]:
    """How much was compared, differs, was repaired. Not tried again: the schedule comes by anyway."""
    try:
        return await in_thread(THREAD, registry.call, "approvals.reconcile")  # type: ignore[no-any-return]
    except ClientError as error:
        raise ApplicationError(f"Temporal could not be asked: {error}", non_retryable=True) from error
