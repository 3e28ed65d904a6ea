"""How a batch asks the service that its job calls before it begins a chunk: for a part of its budget, and its circuit.

A timer of the workflow waits for the answer's time, never a slot of a worker. Pure but for the one activity.
"""

from collections.abc import Callable

from worker import batch_steps as steps
from worker.batch_children import too_long
from worker.batch_counting import Batch
from worker.batch_holding import OPEN, PAST, TRIAL
from worker.batch_rungs import FAIL
from worker.batch_state import Piece
from worker.batch_waiting import CIRCUIT
from worker.batch_wire import AskService, ServiceSays
from worker.resilience.circuit_state import HALF_OPEN

LONGEST_LEASE = 3_600.0
IT_IS_OPEN = "it is open"


class Asking:
    """Of one run of a batch, whose loop alone asks: one question at a time."""

    def __init__(self, batch: Batch, now: Callable[[], float]) -> None:
        self.batch, self.now = batch, now
        self.come_at = 0.0
        self.says: ServiceSays | None = None
        """Why it does not get anything now."""
        self.piece: int | None = None
        """So many were granted last."""

    async def begin_next(self) -> Piece | float | None:
        """As the batch's own ``begin_next``. While it was asked, somebody may have paused it: then nothing begins."""
        batch = self.batch
        if (failing := batch.begin_failing(self.now(), batch.expired(self.now()), self._held_too_long)) is not None:
            return failing
        wanted = batch.wanted(self.now(), self.piece)
        if not isinstance(wanted, Piece):
            self.come_at, self.says = 0.0, None
            await self.give_back()
            return wanted
        if self.now() < batch.refused_until:
            self.says = batch.refused
            return self._besides(batch.refused_until - self.now())
        if self.now() < self.come_at and not self._ended:
            return self._besides(self.come_at - self.now())
        says = await self._ask(batch.size(wanted))
        if says.granted:
            return self._begin_granted(says)
        self.come_at, self.says = self.now() + says.wait, says
        return self._besides(says.wait)

    def _begin_granted(self, says: ServiceSays) -> Piece | float | None:
        """A trial of a circuit that is half open lets go of nothing else."""
        self.come_at, self.piece, self.says = 0.0, says.granted, None
        trial = says.state == HALF_OPEN
        if not trial:
            self.batch.let_go()
        return self.batch.begin_next(self.now(), says.granted, TRIAL if trial else OPEN)

    def _besides(self, wait: float) -> Piece | float:
        """What can be done though the service takes nothing for ``wait`` seconds: by the rungs, or nothing at all."""
        batch, says = self.batch, self.says
        plan = batch.state.plan
        if says is None or says.cause != CIRCUIT or not plan.on_open:
            batch.let_go()
            return wait
        if plan.on_open == FAIL:
            return batch.begin_failing(self.now(), batch.place(OPEN), self._was_open) or wait
        if batch.may_pass and (begun := batch.begin_next(self.now(), mode=PAST, past=says.reason or IT_IS_OPEN)):
            return begun if isinstance(begun, Piece) else min(begun, wait)
        return self._hold(wait)

    def _hold(self, wait: float) -> float:
        if self.batch.may_begin:
            self.batch.hold(self.now())
        left = self.batch.until_expired(self.now())
        return wait if left is None else min(wait, left + 0.001)

    @property
    def _was_open(self) -> str:
        return f"The circuit of {self.batch.state.plan.service} was open{self._reason}."

    @property
    def _held_too_long(self) -> str:
        return too_long(self.batch.state.plan.service, self._reason, self.batch.state.plan.hold_seconds)

    @property
    def _reason(self) -> str:
        return f": {self.says.reason}" if self.says and self.says.reason else ""

    async def give_back(self) -> None:
        """What has ended, or was lent and never begun: others wait for it."""
        if self._ended:
            await self._ask(0)

    @property
    def _ended(self) -> bool:
        return not self.batch.running.keys() >= set(self.batch.state.lent)

    async def _ask(self, count: int) -> ServiceSays:
        state = self.batch.state
        state.asked += 1
        running = sorted(round for round, piece in self.batch.running.items() if piece.calls)
        round, again = state.rounds + 1, state.again
        says = await steps.ask_service(
            AskService(
                uuid=state.uuid,
                service=state.plan.service,
                number=state.asked,
                round=round,
                count=count,
                running=running,
                wants=self.batch.waiting if count else 0,
                lease=min(600.0 + 2 * state.plan.chunk_timeout_seconds, LONGEST_LEASE),
                again=again,
            )
        )
        state.lent = [*running, round] if says.granted else running
        state.again -= again
        return says
