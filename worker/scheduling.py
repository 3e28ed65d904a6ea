"""The schedule on which the index is compared with Temporal: made, changed or taken away by whichever worker starts."""

import asyncio
import logging
from datetime import timedelta

from django.conf import settings
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

log = logging.getLogger(__name__)

ID = "leitstand-reconcile"
AT_MOST = timedelta(minutes=6)
"""For one run, its waiting for a worker included: what could not run then is the next one's."""
AGAIN = 5.0


async def keep(connected: Client) -> None:
    """Until it stands as the settings say, and has run once for this worker's start. Temporal may be away meanwhile."""
    while True:
        try:
            await ensure(connected, settings.RECONCILE_SECONDS)
            return
        except RPCError as error:
            log.debug("The schedule %s could not be kept: %s", ID, error)
            await asyncio.sleep(AGAIN)


async def ensure(connected: Client, seconds: int) -> None:
    """One schedule, however many workers ask for it; with 0 seconds none."""
    handle = connected.get_schedule_handle(ID)
    if seconds <= 0:
        await _take_away(connected)
        return
    wanted = _schedule(timedelta(seconds=seconds))
    try:
        await connected.create_schedule(ID, wanted)
    except ScheduleAlreadyRunningError:

        def change(given: ScheduleUpdateInput) -> ScheduleUpdate | None:
            found = given.description.schedule
            if found.spec.intervals == wanted.spec.intervals and _queue_of(found) == _queue_of(wanted):
                return None  # an operator who has paused it is not overruled either way
            found.spec, found.action, found.policy = wanted.spec, wanted.action, wanted.policy
            return ScheduleUpdate(found)

        await handle.update(change)
    await handle.trigger(overlap=ScheduleOverlapPolicy.SKIP)


def _queue_of(schedule: Schedule) -> str:
    action = schedule.action
    return action.task_queue if isinstance(action, ScheduleActionStartWorkflow) else ""


async def _take_away(connected: Client) -> None:
    try:
        await connected.get_schedule_handle(ID).delete()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise


def _schedule(every: timedelta) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "ReconcileWorkflow",
            id=f"{ID}-run",
            task_queue=settings.TEMPORAL_TASK_QUEUE,
            execution_timeout=AT_MOST,
            task_timeout=timedelta(seconds=10),
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        # What was missed while Temporal was away is not made up for: one run sees everything.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=10)),
    )
