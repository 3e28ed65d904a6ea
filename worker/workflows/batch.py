"""A batch over data that lies outside: chunks in a bounded window, each item counted once. Every argument is ``Any``.

Handlers apply to the counting at once and never raise; one loop begins chunks as window and pace allow, writes down
what happened, and begins a new run before the history grows, when nothing is under way.
"""

import asyncio
from dataclasses import asdict
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from worker import batch_contract as contract
from worker import batch_steps as steps
from worker import batch_telling as telling
from worker.batch_asking import Asking
from worker.batch_binding import binding
from worker.batch_contract import BatchSpec, Ordered, ParsedSpec
from worker.batch_counting import Batch
from worker.batch_groups import counting, groups_of
from worker.batch_state import STATE, BatchState, Piece, Plan, plan_of
from worker.batch_strategy import ACTIVITIES
from worker.batch_together import begin_with, end_all, gathers
from worker.batch_wire import BatchNews, ChunkDone, PrepareBatch, Prepared, RunChunk
from worker.resilience.versioned import UnreadableState
from worker.workflows.batch_children import Children
from worker.workflows.batch_orders import TakesOrders, answers, now
from worker.workflows.lasting import changed_within, ref, spent, surely

RESTING = "what-rests-is-written-down"
CHOOSES = "an-open-circuit-is-a-choice"

WRITE_EVERY = 5.0
"""Seconds between two writings while nothing happens but chunks that end."""


@workflow.defn(name="BatchWorkflow")
class BatchWorkflow(TakesOrders):
    """One batch."""

    @workflow.init
    def __init__(self, spec: Any = None, state: Any = None, *more: Any) -> None:
        super().__init__()
        self.unreadable = ""
        self.ended = ""
        self.draining = self.unwritten = False
        self.begun, self.written_at = now(), 0.0
        self.broken: BaseException | None = None
        self.asking: Asking | None = None
        self.children: Children | None = None
        self.chunks: dict[int, workflow.ActivityHandle[ChunkDone]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.parsed = self.read(spec) if state is None else ParsedSpec(None)
        self.note(self.parsed.warnings)
        if state is not None:
            self._carry_on(state)

    def _carry_on(self, state: Any) -> None:
        try:
            self.batch = self.load(state)
        except UnreadableState as error:
            self.unreadable = str(error)

    @workflow.run
    async def run(self, spec: Any = None, state: Any = None, *more: Any) -> dict[str, Any]:
        if self.unreadable:
            raise ApplicationError(self.unreadable, non_retryable=True)
        try:
            if self.batch is None and (errors := await self._prepare()):
                return await self._end_unbegun(telling.refused(errors))
        except (asyncio.CancelledError, ActivityError) as error:
            if not is_cancelled_exception(error):
                raise
            return await self._end_unbegun(telling.never_begun(self.cancelled.reason if self.cancelled else ""))
        assert self.batch is not None
        await self._work(self.batch)
        return await self._close(self.batch)

    # --- beginning ----------------------------------------------------------------------------------------------

    async def _prepare(self) -> list[str]:
        """What is wrong, where it cannot be begun."""
        spec = self.parsed.spec
        if spec is None:
            return list(self.parsed.errors)
        self.preparing = self.prepare(spec)
        self.need_not_prepare()
        prepared = await self.preparing
        if prepared.data is None:
            return prepared.errors
        plan = plan_of(spec, chooses=not spec.service or workflow.patched(CHOOSES))
        state = BatchState(prepared.uuid, plan, prepared.data, now(), spec.max_parallel, list(spec.pace))
        state.quick, state.groups = prepared.quick, groups_of(prepared.groups)
        self.batch = self.counting(state, spec)
        self.batch.note("begun", now(), "", f"{prepared.data.items:,} items", Ordered(spec.requester))
        for apply, _order in self.early:
            apply(self.batch)
        return []

    async def _end_unbegun(self, result: dict[str, Any]) -> dict[str, Any]:
        """Whatever was ordered of it meanwhile is refused; nothing is awaited after the last look at that."""
        self.ended = result["status"]
        refused = await self._write_unbegun(result)
        while refused < len(self.early) and answers():
            refused = await self._write_unbegun(result)
        return result

    async def _write_unbegun(self, result: dict[str, Any]) -> int:
        """How many orders were refused with it."""
        events = [self.unbegun(number, order) for number, (_apply, order) in enumerate(self.early, 1)]
        await surely(lambda: steps.record_batch(self._news(result, events)))
        return len(events)

    # --- working ------------------------------------------------------------------------------------------------

    async def _work(self, batch: Batch) -> None:
        """Until all is done, or nothing more may be begun and nothing is under way. Cancelled, it ends what runs."""
        if batch.state.plan.service:
            self.asking = Asking(batch, now)
        if batch.state.plan.strategy != ACTIVITIES:
            self.children = Children(batch, self._run, self.wake)
        while not batch.over and not (self.children and self.children.may_leave):
            try:
                await self._turn(batch)
            except (asyncio.CancelledError, ActivityError) as error:
                if not is_cancelled_exception(error):
                    raise
                batch.stop("cancelled", "It was cancelled in Temporal.", now())
                self.ask_to_stop()

    async def _turn(self, batch: Batch) -> None:
        """Nothing is awaited between the last look at the news and a new run."""
        self.changed = False
        self.draining = self.draining or bool(spent(self.handled, self.begun))
        wait = 0.0 if self.draining else await self._begin(batch)
        says = self.asking.says if self.asking else None
        batch.state.waiting.note(binding(batch, now(), wait, self.draining, says), now())
        if batch.news or (batch.busy and now() >= self.written_at + WRITE_EVERY) or self._rests(batch):
            await self._write(batch)
        if self.draining and not batch.busy and not batch.news and not batch.over:
            batch.state.runs += 1
            workflow.continue_as_new(args=self.carried(batch))
        if not batch.over:
            await self._something(wait)

    def _rests(self, batch: Batch) -> bool:
        """Nothing runs any more, and what ended last was not written down: nothing else may come of it for long."""
        if not self.unwritten or batch.busy or batch.over:
            return False
        return (not batch.may_begin or now() >= self.written_at + WRITE_EVERY) and workflow.patched(RESTING)

    async def _begin(self, batch: Batch) -> float:
        """What may be begun; the seconds until time alone allows more, or 0."""
        state = batch.state
        if (wish := batch.wish) is not None and len(batch.running) < state.max_parallel:
            find = steps.find_degraded if wish.redo else steps.find_failed
            batch.found(wish, await find(batch.look_for(wish)))
        if state.plan.window == contract.ROLLING and (batch.running or now() < state.rest_until):
            if self.asking:
                await self.asking.give_back()
            return 0.0 if batch.running else state.rest_until - now()
        while len(batch.running) < state.max_parallel and not gathers(batch, now()):
            piece = await self.asking.begin_next() if self.asking else batch.begin_next(now())
            if not isinstance(piece, Piece):
                return piece or 0.0
            self._run(self._run_pieces(batch, [piece, *begin_with(batch, piece, now())]))
        if self.asking:
            await self.asking.give_back()
        return 0.0

    def _run(self, call: Any) -> None:
        task = asyncio.create_task(call)
        self.tasks.add(task)
        task.add_done_callback(self._over)

    def wake(self) -> None:
        self.changed = True

    def _over(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        self.changed = True
        if not task.cancelled() and (error := task.exception()):
            self.broken = error

    async def _run_pieces(self, batch: Batch, pieces: list[Piece]) -> None:
        """Whatever they end with, what was done counts, once, and what was not is left."""
        done = await (self.children.run(pieces[0]) if self.children else self._run_chunks(batch, pieces))
        if self.children and pieces[0].round in self.children.alone:
            return
        end_all(batch, pieces, done, now())
        self.unwritten = True
        batch.state.rest_until = now() + batch.state.plan.window_pause_seconds
        if not batch.may_begin:  # it may have been the one too many that failed
            self.ask_to_stop()

    async def _run_chunks(self, batch: Batch, pieces: list[Piece]) -> ChunkDone:
        state, piece = batch.state, pieces[0]
        given = RunChunk(
            uuid=state.uuid,
            chunk=piece.chunk,
            round=piece.round,
            items=state.data.items_of(piece.chunk),
            only=piece.only,
            failed=piece.failed,
            most_failed=batch.most_failed,
            more=len(pieces) - 1,
            past=piece.past,
            fail=piece.fail,
            redo=piece.redo,
        )
        handle = self.chunks[piece.round] = self.start(given, state.plan)
        try:
            return await handle
        except (ActivityError, asyncio.CancelledError) as error:
            return await self.count(given, error)
        finally:
            self.chunks.pop(piece.round, None)

    def ask_to_stop(self) -> None:
        """Each once: Temporal takes a second request for a mistake of the workflow's."""
        while self.chunks:
            self.chunks.popitem()[1].cancel()
        if self.children:
            self.children.ask_to_stop()

    async def _something(self, wait: float) -> None:
        """Until something has changed, or as long as the pace wants."""
        await changed_within(lambda: self.changed, wait, "the pace")
        if self.broken is not None:
            raise self.broken

    # --- writing down -------------------------------------------------------------------------------------------

    async def _write(self, batch: Batch, result: dict[str, Any] | None = None) -> None:
        """What comes while it is written is written next time."""
        batch.state.written += 1
        self.written_at, self.unwritten = now(), False
        events = list(batch.news)
        await steps.record_batch(self._news(result, events))
        del batch.news[: len(events)]

    def _news(self, result: dict[str, Any] | None, events: list[Any]) -> BatchNews:
        written = self.batch.state.written if self.batch else 1
        alone = [asdict(each) for each in self.children.alone.values()] if self.children else []
        groups = self.batch.all_groups() if self.batch and result is not None else []
        return BatchNews(
            ref(), workflow.info().run_id, written, now(), self.get_progress(), events, result, alone, groups
        )

    async def _close(self, batch: Batch) -> dict[str, Any]:
        """Orders that come meanwhile are refused, and that is written down too: nothing is awaited after the last."""
        batch.closing = True
        batch.conclude(now())
        result = await self.closed(batch)
        self.ended = result["status"]
        await surely(lambda: self._write(batch, result))
        while batch.news:
            await surely(lambda: self._write(batch, result))
        return result

    # --- what another kind of batch does in its own way ----------------------------------------------------------

    def read(self, given: Any) -> ParsedSpec:
        return contract.read_spec(given)

    def prepare(self, spec: BatchSpec) -> workflow.ActivityHandle[Prepared]:
        return steps.prepare_batch(PrepareBatch(ref(), spec))

    def counting(self, state: BatchState, spec: BatchSpec) -> Batch:
        return counting(state, answers)

    def load(self, carried: Any) -> Batch:
        """Raises UnreadableState."""
        return counting(STATE.load(carried), answers)

    def carried(self, batch: Batch) -> list[Any]:
        """What a new run is begun with."""
        return [None, STATE.dump(batch.state)]

    def start(self, given: RunChunk, plan: Plan) -> workflow.ActivityHandle[ChunkDone]:
        return steps.start_chunk(given, plan.chunk_timeout_seconds)

    async def count(self, given: RunChunk, error: BaseException) -> ChunkDone:
        """What was done of a chunk that ended with this."""
        return await steps.count_chunk(given)

    async def closed(self, batch: Batch) -> dict[str, Any]:
        """How it ended, when nothing of it runs any more, or what does goes on alone."""
        if self.children and (alone := await surely(self.children.leave)):
            return telling.left_of(batch, await surely(lambda: steps.leave_batch(batch.state.uuid)), alone)
        return telling.result_of(batch, await surely(lambda: steps.close_batch(batch.state.uuid)))

    # --- what it tells ------------------------------------------------------------------------------------------

    @workflow.query
    def get_progress(self, *more: Any) -> dict[str, Any]:
        about = {"problems": {"count": self.problems.count, "last": self.problems.last}}
        if self.batch is None:
            title = self.parsed.spec.title if self.parsed.spec else ""
            return {"state": self.ended or telling.PREPARING, **telling.NOTHING, "title": title, **about}
        return {**telling.told(self.batch, now(), self.ended), **about}
