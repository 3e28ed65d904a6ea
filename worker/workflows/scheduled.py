"""What a schedule starts: a batch is begun, and this lasts as long as the batch, so that Temporal knows of overlaps."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from worker import steps
from worker.clock_wire import BeginRun, BegunRun, StopRun

SCHEDULED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
SERVED = ("completed", "cancelled", "declined")
"""How a batch may end without its run having failed; anything else pauses a schedule that is to pause on failure."""


@workflow.defn(name="ScheduledBatchWorkflow")
class ScheduledBatchWorkflow:
    """Cancelled, it cancels its batch and ends when that has ended: the schedule's next run waits for that."""

    @workflow.init
    def __init__(self, given: Any = None, *more: Any) -> None:
        told = given if isinstance(given, dict) else {}
        self.schedule = str(told.get("schedule") or "")[:100]
        self.ended: dict[str, Any] | None = None
        self.cancelled = False

    @workflow.run
    async def run(self, given: Any = None, *more: Any) -> dict[str, Any]:
        begun = await self._through(asyncio.ensure_future(steps.begin_scheduled(self._asked())))
        if begun.error:
            raise ApplicationError(begun.error, type="NotBegun", non_retryable=True)
        if begun.left_out:
            return {"batch": "", "state": "left_out", "reason": begun.left_out}
        if not self.cancelled:
            await self._wait()
        if self.cancelled:
            await self._stop()
        return self._result(begun)

    @workflow.signal
    def batch_ended(self, told: Any = None, *more: Any) -> None:
        """Sent by a worker that has seen it in the database. The first one counts."""
        if self.ended is None:
            self.ended = told if isinstance(told, dict) else {}

    def _asked(self) -> BeginRun:
        info = workflow.info()
        at = info.typed_search_attributes.get(SCHEDULED) or info.start_time
        return BeginRun(self.schedule, info.workflow_id, info.run_id, at.timestamp())

    async def _through(self, step: "asyncio.Task[BegunRun]") -> BegunRun:
        """What was begun is known, whoever cancels meanwhile."""
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            self.cancelled = True
            return await step

    async def _wait(self) -> None:
        try:
            await workflow.wait_condition(lambda: self.ended is not None)
        except asyncio.CancelledError:
            self.cancelled = True

    async def _stop(self) -> None:
        asked = self._asked()
        await steps.stop_scheduled(StopRun(asked.schedule, asked.at))
        await workflow.wait_condition(lambda: self.ended is not None)
        raise asyncio.CancelledError

    def _result(self, begun: BegunRun) -> dict[str, Any]:
        ended = self.ended or {}
        state, reason = str(ended.get("state", "")), str(ended.get("reason", ""))
        if state not in SERVED:
            raise ApplicationError(f"{begun.batch}: {state}. {reason}".strip(), type="BatchFailed", non_retryable=True)
        return {"batch": begun.batch, "state": state}
