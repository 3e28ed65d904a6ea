"""The children of a batch as its workflow keeps them: how they begin, are asked to end, end, or are left to themselves.

Each is waited for by a task of its own, which a cancel of the batch does not reach: what becomes of children then is
decided here, by the batch's policy, and never by the SDK, which would cancel whatever is waited for.
"""

import asyncio
from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import (
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    TimeoutError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from worker import batch_children as children
from worker import batch_steps as steps
from worker.batch_children import GO_ON_ALONE, Alone, ChildDone, CountChild, RunChild
from worker.batch_counting import Batch
from worker.batch_groups import Grouped
from worker.batch_rungs import HOLD
from worker.batch_state import Piece
from worker.batch_strategy import ABANDON, PER_ITEM, TERMINATE
from worker.batch_wire import ChunkDone

Handle = workflow.ChildWorkflowHandle[object, ChildDone]


class Children:
    """Of one run of a batch."""

    def __init__(self, batch: Batch, run: Callable[[object], None], wake: Callable[[], None]) -> None:
        self.batch, self.run_beside, self.wake = batch, run, wake
        self.starting: set[int] = set()
        self.open: dict[int, Handle] = {}
        self.asked: set[int] = set()
        """Rounds that were asked to end, or terminated."""
        self.terminated: set[int] = set()
        self.alone: dict[int, Alone] = {}
        """Rounds that nobody waits for any more: they go on, and say themselves what becomes of them."""

    async def run(self, piece: Piece) -> ChunkDone:
        """Whatever its child ends with, what was done counts, once, and what was not is left, or has failed."""
        given = self.given(piece)
        try:
            done = await self._ended(piece, given)
        except (ChildWorkflowError, WorkflowAlreadyStartedError, asyncio.CancelledError) as error:
            if piece.round in self.alone:
                return ChunkDone()
            return await steps.count_child(CountChild(given, "" if piece.round in self.asked else blamed(error)))
        finally:
            self.open.pop(piece.round, None)
        if done.cancelled and piece.round not in self.asked:
            return await steps.count_child(CountChild(given, "Its child workflow was cancelled in Temporal."))
        return done.done

    async def _ended(self, piece: Piece, given: RunChild) -> ChildDone:
        plan = self.batch.state.plan
        self.starting.add(piece.round)
        try:
            handle = await steps.start_child(given, self._id(piece), plan.parent_close_policy, plan.child_attempts)
        finally:
            self.starting.discard(piece.round)
            self.wake()
        self.open[piece.round] = handle
        if piece.round in self.asked:
            self._end([piece.round])
        return await handle

    def given(self, piece: Piece) -> RunChild:
        state = self.batch.state
        return RunChild(
            uuid=state.uuid,
            first=state.data.first_of(piece.chunk),
            items=state.data.items_of(piece.chunk),
            round=piece.round,
            chunk_size=state.data.chunk_size,
            total=state.data.items,
            only=piece.only,
            failed=piece.failed,
            most_failed=self.batch.most_failed_of(piece),
            chunk_timeout_seconds=state.plan.chunk_timeout_seconds,
            past=piece.past,
            fail=piece.fail,
            redo=piece.redo,
            hold_seconds=state.plan.hold_seconds if state.plan.on_open == HOLD else 0.0,
            service=state.plan.service or "",
        )

    def _id(self, piece: Piece) -> str:
        state = self.batch.state
        what, name = "chunk", str(piece.chunk)
        if state.plan.strategy == PER_ITEM:
            what, name = "item", str(piece.chunk + 1)
        if isinstance(self.batch, Grouped):
            what, name = children.safe(state.plan.group_by, 0), self.batch.name_of(piece.chunk)
        again = piece.round if piece.only is not None or piece.again else None
        return children.id_of(workflow.info().workflow_id, state.uuid, what, name, again)

    # --- how they end -------------------------------------------------------------------------------------------

    def ask_to_stop(self) -> None:
        """Each once. One that begins at this moment is asked when it has begun."""
        known = self.terminated if self._terminates else self.asked
        rounds = (self.open.keys() | self.starting) - known
        known |= rounds
        self.asked |= rounds
        self._end(sorted(rounds & self.open.keys()))

    @property
    def _terminates(self) -> bool:
        state = self.batch.state
        return state.stopping == "cancelled" and state.plan.parent_close_policy == TERMINATE

    def _end(self, rounds: list[int]) -> None:
        """By the policy where the batch is cancelled; else what runs ends, and says what is left."""
        if self._terminates:
            self.run_beside(self._terminate([self.open[round] for round in rounds]))
        elif not self._lets_go:
            for round in rounds:
                self.open[round].cancel()

    # --- left to themselves -------------------------------------------------------------------------------------

    @property
    def _lets_go(self) -> bool:
        state = self.batch.state
        return state.stopping == "cancelled" and state.plan.parent_close_policy == ABANDON

    @property
    def may_leave(self) -> bool:
        """All have begun that are to begin, and the batch need not wait for those that are open."""
        if self.starting or not self.open:
            return False
        return self._lets_go or (not self.batch.state.plan.wait and self.batch.all_begun)

    async def leave(self) -> list[Alone]:
        """Those that are open. Each is told; of one that has ended by now it still counts here what it said."""
        while rounds := [round for round in self.open if round not in self.alone]:
            await asyncio.gather(*(self._tell(round, self.open[round]) for round in rounds))
        return list(self.alone.values())

    async def _tell(self, round: int, handle: Handle) -> None:
        given = self.given(self.batch.running[round])
        try:
            await handle.signal(GO_ON_ALONE)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            await workflow.wait_condition(lambda: round not in self.open)
        else:
            self.alone[round] = Alone(handle.id, given)

    async def _terminate(self, handles: list[Handle]) -> None:
        if handles:
            found = [(handle.id, handle.first_execution_run_id or "") for handle in handles]
            await steps.end_children(found, "Its batch was cancelled.")


def blamed(error: BaseException) -> str:
    """Why what a child has not run has failed; "": it is left, and run again."""
    cause = error.cause if isinstance(error, ChildWorkflowError) else error
    if isinstance(cause, WorkflowAlreadyStartedError) or is_cancelled_exception(error):
        return ""
    if isinstance(cause, TerminatedError):
        return "Its child workflow was terminated in Temporal."
    if isinstance(cause, TimeoutError):
        return "Its child workflow ran out of time in Temporal."
    why = _innermost(error)
    return f"Its child workflow failed each time it was tried: {why:.500}"


def _innermost(error: BaseException) -> str:
    cause = getattr(error, "cause", None)
    return _innermost(cause) if isinstance(cause, BaseException) else str(getattr(error, "message", error))
