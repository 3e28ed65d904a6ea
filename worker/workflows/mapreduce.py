"""A MapReduce: a batch whose chunks are mapped, each as a whole, and whose partial results are reduced as a tree.

What steers a batch steers it too. Every argument is ``Any``.
"""

import asyncio
from typing import Any, cast

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from worker import mapreduce_contract as contract
from worker import mapreduce_steps as steps
from worker import mapreduce_telling as telling
from worker.batch_contract import BatchSpec, ParsedSpec
from worker.batch_counting import Batch
from worker.batch_state import BatchState, Plan
from worker.batch_wire import ChunkDone, Prepared, RunChunk
from worker.mapreduce_contract import ATTEMPTS, MAP_SECONDS, REDUCE_SECONDS, MapReduceSpec
from worker.mapreduce_counting import MapReduce
from worker.mapreduce_state import STATE, MapReduceState
from worker.mapreduce_wire import CloseMapReduce, EndMap, GroupReduced, PrepareMapReduce, ReduceGroup
from worker.workflows.batch import BatchWorkflow
from worker.workflows.batch_orders import answers, now
from worker.workflows.lasting import ref, surely


@workflow.defn(name="MapReduceWorkflow")
class MapReduceWorkflow(BatchWorkflow):
    """One MapReduce."""

    @workflow.init
    def __init__(
        self,
        dataset: Any = None,
        map_activity: Any = None,
        reduce_activity: Any = None,
        chunk_size: Any = None,
        max_parallel: Any = None,
        options: Any = None,
        state: Any = None,
        *more: Any,
    ) -> None:
        self.reduces: dict[int, workflow.ActivityHandle[GroupReduced]] = {}
        super().__init__([dataset, map_activity, reduce_activity, chunk_size, max_parallel, options], state)

    @workflow.run
    async def run(  # type: ignore[override]
        self,
        dataset: Any = None,
        map_activity: Any = None,
        reduce_activity: Any = None,
        chunk_size: Any = None,
        max_parallel: Any = None,
        options: Any = None,
        state: Any = None,
        *more: Any,
    ) -> Any:
        return telling.returned(await super().run())

    # --- what it does otherwise than a batch ----------------------------------------------------------------------

    def read(self, given: Any) -> ParsedSpec:
        return contract.read_call(given)

    def prepare(self, spec: BatchSpec) -> workflow.ActivityHandle[Prepared]:
        return steps.prepare_mapreduce(PrepareMapReduce(ref(), cast(MapReduceSpec, spec)))

    def counting(self, state: BatchState, spec: BatchSpec) -> Batch:
        given = cast(MapReduceSpec, spec)
        return MapReduce(MapReduceState(state, given.reduce, given.fan_in), answers)

    def load(self, carried: Any) -> Batch:
        return MapReduce(STATE.load(carried), answers)

    def carried(self, batch: Batch) -> list[Any]:
        return [None] * 6 + [STATE.dump(cast(MapReduce, batch).whole)]

    def start(self, given: RunChunk, plan: Plan) -> workflow.ActivityHandle[ChunkDone]:
        return steps.start_map(given)

    async def count(self, given: RunChunk, error: BaseException) -> ChunkDone:
        """Cancelled, its items are left; else it has failed for good."""
        if is_cancelled_exception(error):
            return await steps.end_map(EndMap(given))
        return await steps.end_map(EndMap(given, telling.cause_of(error, MAP_SECONDS), ATTEMPTS))

    async def closed(self, batch: Batch) -> dict[str, Any]:
        whole = cast(MapReduce, batch)
        level = 0 if batch.state.stopping else whole.tree.level
        reduced = await surely(lambda: steps.close_mapreduce(CloseMapReduce(batch.state.uuid, level)))
        if reduced.error:
            batch.stop("reduce", reduced.error, now())
        return telling.result_of(whole, reduced)

    # --- reducing -------------------------------------------------------------------------------------------------

    async def _begin(self, batch: Batch) -> float:
        wait = await super()._begin(batch)
        whole = cast(MapReduce, batch)
        while len(whole.groups) < batch.state.max_parallel and (group := whole.begin_group(now())) is not None:
            self._run(self._reduce(whole, group))
        return wait

    async def _reduce(self, batch: MapReduce, group: int) -> None:
        tree = batch.tree
        given = ReduceGroup(batch.state.uuid, tree.level, group, top=tree.groups == 1)
        handle = self.reduces[group] = steps.start_reduce(given)
        done, error = False, ""
        try:
            await handle
            done = True
        except (ActivityError, asyncio.CancelledError) as raised:
            error = "" if is_cancelled_exception(raised) else telling.cause_of(raised, REDUCE_SECONDS)
        self.reduces.pop(group, None)
        batch.end_group(group, now(), done=done, error=error)
        self.unwritten = True

    def ask_to_stop(self) -> None:
        """A reduce knows no pace: it ends only with the whole."""
        super().ask_to_stop()
        while self.reduces and self.batch is not None and self.batch.state.stopping:
            self.reduces.popitem()[1].cancel()

    # --- what it tells --------------------------------------------------------------------------------------------

    @workflow.query
    def get_progress(self, *more: Any) -> dict[str, Any]:
        about = telling.told(self.batch) if isinstance(self.batch, MapReduce) else telling.told_unbegun(self.parsed)
        return {**super().get_progress(), **about}
