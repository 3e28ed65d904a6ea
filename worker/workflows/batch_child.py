"""A child of a batch: chunks of it, one after the other, each by the activity that the batch itself would run."""

import asyncio
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from worker import batch_steps as steps
from worker.batch_children import (
    CHILD,
    GO_ON_ALONE,
    ChildDone,
    ChildEnded,
    HeldAlone,
    RunChild,
    added,
    dump,
    items_in,
    read_child,
    rest_left,
    runs_of,
    with_bound,
)
from worker.batch_wire import ChunkDone, RunChunk
from worker.workflows.lasting import surely

SHORTEST_PAUSE, FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0, 60.0


@workflow.defn(name=CHILD)
class BatchChildWorkflow:
    """What it fails with its own retries try again, from its notes on. Cancelled, it ends what runs, and says that."""

    @workflow.init
    def __init__(self, given: Any = None, *more: Any) -> None:
        self.child = read_child(given)
        self.alone = self.child is not None and self.child.alone

    @workflow.run
    async def run(self, given: Any = None, *more: Any) -> dict[str, Any]:
        child = self.child
        if child is None:
            return {"status": "invalid", "errors": ["Only a batch begins this workflow, with what its child is to do."]}
        held = HeldAlone(child)
        runs = runs_of(child)
        ended = sum(map(items_in, runs[: child.at]))
        for run in runs[child.at :]:
            given = replace(with_bound(run, child), ended_before=ended, failed_before=child.done.failed)
            done, ended = await self._run_to_its_end(given, child, held), ended + items_in(run)
            child = added(child, run, done)
            if done.left or done.error:
                break
            self._go_on_in_a_new_run(child)
        child = rest_left(child)
        if self.alone:
            await self._report(ChildEnded(child.uuid, child.round, child.done))
        return asdict(ChildDone(child.done, _cancelled()))

    @workflow.signal(name=GO_ON_ALONE)
    def go_on_alone(self, *more: Any) -> None:
        """Its batch ends before it, and does not wait."""
        self.alone = True

    async def _report(self, ended: ChildEnded) -> None:
        """To the database, for nobody else hears it."""
        pause = SHORTEST_PAUSE
        while not await surely(lambda: steps.record_child(ended)):
            await surely(partial(asyncio.sleep, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_to_its_end(self, run: RunChunk, child: RunChild, held: HeldAlone) -> ChunkDone:
        """What a worker left that had to end, or a circuit holds, a batch would begin again; who is alone does it,
        pause by pause, through the circuit, and fails what was held for too long."""
        held.begin(run)
        done, pause = await self._run(replace(run, anew=self.alone), child), FIRST_PAUSE
        while self.alone and done.left and not (_cancelled() or done.error or _is_enough(run, done)):
            held.tried(done, workflow.time())
            if (left := held.left(workflow.time())) == 0:
                await self._run(held.fail(run, done), child)
            else:
                try:
                    await asyncio.sleep(pause if left is None else min(pause, left))
                except asyncio.CancelledError:
                    break
                pause = min(2 * pause, LONGEST_PAUSE)
            done = await self._run(replace(run, past="", anew=True), child)
        return done

    async def _run(self, run: RunChunk, child: RunChild) -> ChunkDone:
        try:
            return await steps.start_chunk(run, child.chunk_timeout_seconds, steps.CHILD_WORK)
        except (ActivityError, asyncio.CancelledError) as error:
            if not is_cancelled_exception(error):
                raise
            return await steps.count_chunk(run)

    def _go_on_in_a_new_run(self, child: RunChild) -> None:
        info = workflow.info()
        if info.is_continue_as_new_suggested() and child.at < len(runs_of(child)):
            workflow.continue_as_new(dump(replace(child, alone=self.alone)))


def _cancelled() -> bool:
    return workflow.cancellation_reason() is not None


def _is_enough(run: RunChunk, done: ChunkDone) -> bool:
    """More failed than may."""
    return run.most_failed is not None and done.failed > run.most_failed
