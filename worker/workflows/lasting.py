"""What has to be done though a workflow be cancelled, and how one is named where it is written down."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from worker import batch_state
from worker.batch_wire import BatchRef

T = TypeVar("T")

SHORTEST_WAIT = 0.05


async def surely(call: Callable[[], Awaitable[T]]) -> T:
    """Until it is done, though the workflow be cancelled meanwhile."""
    while True:
        try:
            return await call()
        except (asyncio.CancelledError, ActivityError) as error:
            if not is_cancelled_exception(error):
                raise


def ref() -> BatchRef:
    info = workflow.info()
    return BatchRef(info.workflow_id, info.first_execution_run_id)


def spent(handled: int, begun: float) -> str:
    """Why this run has lasted long enough; "": it has not."""
    info = workflow.info()
    return batch_state.BUDGET.spent(
        events=handled,
        started_at=begun,
        now=workflow.now().timestamp(),
        length=info.get_current_history_length(),
        suggested=info.is_continue_as_new_suggested(),
    )


async def changed_within(changed: Callable[[], bool], seconds: float, why: str) -> None:
    """Until something has changed, or so many seconds have passed; 0: however long that takes."""
    limit = timedelta(seconds=max(seconds, SHORTEST_WAIT)) if seconds else None
    try:
        await workflow.wait_condition(changed, timeout=limit, timeout_summary=why)
    except TimeoutError:
        pass
