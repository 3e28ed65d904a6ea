"""Schedules of batches at Temporal: put there as they should be, told as they are, run once now, taken away.

Like ``worker.client``, whose connection and errors these are: each function blocks the calling thread, with a deadline.
"""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.conf import settings
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload
from temporalio.api.schedule.v1 import SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import PatchScheduleRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from worker import client
from worker.clock_wire import PREFIX, Days, Told, Wanted
from worker.connection import asked
from worker.converter import CONVERTER

WORKFLOW = "ScheduledBatchWorkflow"
OVERLAPS = {
    "skip": ScheduleOverlapPolicy.SKIP,
    "buffer": ScheduleOverlapPolicy.BUFFER_ONE,
    "allow": ScheduleOverlapPolicy.ALLOW_ALL,
    "cancel": ScheduleOverlapPolicy.CANCEL_OTHER,
    "terminate": ScheduleOverlapPolicy.TERMINATE_OTHER,
}
LIMIT = 3.0


def put(wanted: Wanted) -> None:
    """Made or changed. Safe to ask again."""

    async def call(connected: Client) -> None:
        made = _schedule(wanted)
        try:
            await connected.create_schedule(wanted.id, made, rpc_timeout=timedelta(seconds=LIMIT))
        except ScheduleAlreadyRunningError:
            handle = connected.get_schedule_handle(wanted.id)

            async def change(given: ScheduleUpdateInput) -> ScheduleUpdate | None:
                if await _version_of(given.description) > wanted.version:
                    return None
                there = given.description.schedule.state
                if wanted.as_paused_there and there.paused != wanted.paused:
                    made.state = ScheduleState(paused=there.paused, note=there.note)
                return ScheduleUpdate(made)

            await handle.update(change, rpc_timeout=timedelta(seconds=LIMIT))

    client.on_loop(asked(call, 2 * LIMIT), 2 * LIMIT)


async def _version_of(found: ScheduleDescription) -> int:
    """0 where somebody has changed what it starts."""
    action = found.schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return 0
    given = await CONVERTER.decode(action.args)
    version = given[0].get("version") if given and isinstance(given[0], dict) else 0
    return version if isinstance(version, int) else 0


def told(schedule: str) -> Told:
    """Raises NotFound for one that is not there."""

    async def call(connected: Client) -> Told:
        handle = connected.get_schedule_handle(f"{PREFIX}{schedule}")
        return _told(await handle.describe(rpc_timeout=timedelta(seconds=LIMIT)))

    return client.on_loop(asked(call, LIMIT), LIMIT)


def run_now(schedule: str, request_id: str, at: datetime) -> None:
    """As if it were ``at``, by its rule for overlaps. Asked again under the same id it is done once.

    ``at`` has whole seconds: it is the scheduled time of the run, by which its batch is known.
    """

    async def call(connected: Client) -> None:
        when = Timestamp()
        when.FromDatetime(at.astimezone(UTC).replace(tzinfo=None))
        await connected.workflow_service.patch_schedule(
            PatchScheduleRequest(
                namespace=connected.namespace,
                schedule_id=f"{PREFIX}{schedule}",
                identity=connected.identity,
                request_id=request_id,
                patch=SchedulePatch(trigger_immediately=TriggerImmediatelyRequest(scheduled_time=when)),
            ),
            timeout=timedelta(seconds=LIMIT),
        )

    client.on_loop(asked(call, LIMIT), LIMIT)


def take_away(schedule: str) -> None:
    """What it has started goes on. One that is not there is taken away."""

    async def call(connected: Client) -> None:
        await connected.get_schedule_handle(f"{PREFIX}{schedule}").delete(rpc_timeout=timedelta(seconds=LIMIT))

    try:
        client.on_loop(asked(call, LIMIT), LIMIT)
    except client.NotFound:
        return


def _schedule(wanted: Wanted) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            WORKFLOW,
            {"schedule": wanted.schedule, "version": wanted.version},
            id=f"{wanted.id}-run",
            task_queue=settings.TEMPORAL_TASK_QUEUE,
        ),
        spec=ScheduleSpec(
            calendars=[_calendar(days) for days in wanted.days],
            jitter=timedelta(seconds=wanted.jitter_seconds) if wanted.jitter_seconds else None,
            time_zone_name=wanted.zone,
        ),
        policy=SchedulePolicy(
            overlap=OVERLAPS[wanted.overlap],
            catchup_window=timedelta(seconds=wanted.catchup_seconds),
            pause_on_failure=wanted.pause_on_failure,
        ),
        state=ScheduleState(paused=wanted.paused, note=wanted.note),
    )


def _calendar(days: Days) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        minute=_ranges(days.minutes),
        hour=_ranges(days.hours),
        day_of_month=_ranges(days.days),
        month=_ranges(days.months),
        day_of_week=_ranges(days.weekdays),
    )


def _ranges(numbers: Collection[int]) -> list[ScheduleRange]:
    return [ScheduleRange(number) for number in sorted(numbers)]


def _told(found: ScheduleDescription) -> Told:
    info = found.info
    return Told(
        mark=hashlib.sha256(repr(_parts(found.schedule)).encode()).hexdigest(),
        paused=found.schedule.state.paused,
        note=found.schedule.state.note or "",
        next=[at.timestamp() for at in info.next_action_times],
        running=[
            each.workflow_id for each in info.running_actions if isinstance(each, ScheduleActionExecutionStartWorkflow)
        ],
        missed=info.num_actions_missed_catchup_window,
        skipped=info.num_actions_skipped_overlap,
    )


def _parts(found: Schedule) -> list[object]:
    """All that can be changed of it, piece by piece: another version of Temporal may write the same otherwise."""
    spec, policy, action = found.spec, found.policy, found.action
    started: list[object] = []
    if isinstance(action, ScheduleActionStartWorkflow):
        given = [bytes(each.data) if isinstance(each, Payload) else repr(each) for each in action.args]
        started = [action.workflow, action.id, action.task_queue, given]
    return [
        sorted(_numbers(calendar) for calendar in spec.calendars),
        [len(each) for each in (spec.intervals, spec.cron_expressions, spec.skip)],
        [spec.start_at, spec.end_at, spec.jitter or timedelta(), spec.time_zone_name or ""],
        [policy.overlap.name, policy.catchup_window, policy.pause_on_failure],
        [found.state.limited_actions, *started],
    ]


def _numbers(given: ScheduleCalendarSpec) -> list[list[int]]:
    parts = (given.second, given.minute, given.hour, given.day_of_month, given.month, given.year, given.day_of_week)
    return [sorted({n for r in part for n in range(r.start, max(r.start, r.end) + 1, r.step or 1)}) for part in parts]
