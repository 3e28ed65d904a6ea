"""Calls jobs steadily, for as long as it is let: lanes of bounded length, one after another, and a new run in time.

A lane is an activity on the queue for work: whichever worker process is free takes it, a killed one is noticed by its
heartbeat, and no decision waits for it. Every argument is ``Any``; a plan that cannot be read ends it with a sentence.
"""

import asyncio
from dataclasses import asdict
from typing import Any

from temporalio import workflow

from worker import steps
from worker.traffic import Plan, Tally, lane_of, read_plan

RUN_SECONDS = 600.0
SHORTEST = 1.0


@workflow.defn(name="TrafficWorkflow")
class TrafficWorkflow:
    """One of a name; told another plan, it goes on by that."""

    @workflow.init
    def __init__(self, plan: Any = None, *more: Any) -> None:
        self.plan, self.errors = read_plan(plan)
        self.until = now() + RUN_SECONDS
        self.lanes = 0
        self.total = Tally()

    @workflow.run
    async def run(self, plan: Any = None, *more: Any) -> dict[str, Any]:
        if self.plan is None:
            return {"status": "invalid", "errors": self.errors}
        await asyncio.gather(*(self._lane(self.plan, place) for place in range(self.plan.lanes)))
        if not self.total.missing:
            workflow.continue_as_new(args=[asdict(self.plan)])
        return {"status": "ended", "reason": "no_such_job", "missing": self.total.missing}

    async def _lane(self, plan: Plan, place: int) -> None:
        """One after another until the run ends. All of them end with it, so that the next run begins at once."""
        while (left := self.until - now()) >= SHORTEST and not self._ends():
            self.lanes += 1
            key = f"{workflow.info().run_id}/{self.lanes}"
            length = plan.lane_seconds * (0.6 + 0.4 * workflow.random().random())  # else all would end at once
            seconds, begun = (left if left - length < SHORTEST else length), now()
            tally = await steps.traffic_lane(lane_of(plan, seconds, key))
            self.total += tally  # not in one: the other lanes add to it while this one is awaited
            if now() - begun < SHORTEST:  # its worker was about to end: no hurry
                await asyncio.sleep(SHORTEST)

    def _ends(self) -> bool:
        return bool(self.total.missing) or workflow.info().is_continue_as_new_suggested()

    @workflow.signal
    def steer(self, plan: Any = None, *more: Any) -> None:
        """Another plan counts as soon as the lanes that are out have ended; what cannot be read changes nothing."""
        wanted, self.errors = read_plan(plan)
        if wanted is not None and wanted != self.plan:
            self.plan, self.until = wanted, now()

    @workflow.query
    def get_traffic(self, *more: Any) -> dict[str, Any]:
        plan = asdict(self.plan) if self.plan else None
        return {"plan": plan, "lanes": self.lanes, "total": asdict(self.total), "errors": self.errors}


def now() -> float:
    """The workflow's time, epoch seconds."""
    return workflow.now().timestamp()
