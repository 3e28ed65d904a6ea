"""A circuit breaker that lives for months: one for each service, shared by all callers. Every argument is ``Any``.

Handlers apply to the pure machine at once and never raise; one loop writes down what happened, and begins a new run in
time. Only changes and finished minutes are written: a quiet circuit schedules nothing.
"""

import asyncio
import math
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from worker import circuit_contract as contract
from worker import circuit_telling, steps
from worker.circuit_contract import STATE, CircuitNews
from worker.circuit_telling import Problems, Run
from worker.reading import claim_text
from worker.resilience.circuit import Circuit
from worker.resilience.circuit_state import FORCED_OPEN, CircuitState
from worker.resilience.history import HistoryBudget
from worker.resilience.versioned import UnreadableState

MINUTE = 60


@workflow.defn(name="CircuitBreakerWorkflow")
class CircuitBreakerWorkflow:
    """The entity ``circuit-<service>``."""

    @workflow.init
    def __init__(self, service: Any = None, config: Any = None, state: Any = None, *more: Any) -> None:
        self.service = contract.service_of(service, workflow.info().workflow_id)
        self.problems = Problems()
        self.unreadable = ""
        self.handled = 0
        self.begun = now()
        self.sleeping_until = 0.0
        self.circuit = Circuit(self._carried(state))
        if config is not None:
            self._configure(config, carried=state is not None)

    def _carried(self, state: Any) -> CircuitState:
        if state is None:
            return CircuitState()
        try:
            return contract.read_state(state, self.begun)
        except UnreadableState as error:
            self.unreadable = str(error)
            return CircuitState()

    @workflow.run
    async def run(self, service: Any = None, config: Any = None, state: Any = None, *more: Any) -> None:
        if self.unreadable:
            raise ApplicationError(self.unreadable, non_retryable=True)
        try:
            await self._live()
        except asyncio.CancelledError:
            await asyncio.shield(self._write())  # ended from outside: what it knows is what the next one begins with
            raise

    async def _live(self) -> None:
        """Until a new run is due. Nothing is awaited between the last look at the news and that."""
        while True:
            await self._something()
            self.circuit.tick(now())
            if self._to_write():
                await self._write()
            elif self._spent():
                workflow.continue_as_new(args=[self.service, None, STATE.dump(self.circuit.state)])

    async def _something(self) -> None:
        """Until there is something to write, time changes something, or a new run is due."""
        self.sleeping_until = self._wake_at()
        left = self.sleeping_until - now()
        try:
            await workflow.wait_condition(
                lambda: self._to_write() or bool(self._spent()) or self._wake_at() < self.sleeping_until,
                timeout=None if math.isinf(left) else timedelta(seconds=max(0.0, left)),
                timeout_summary="what only time brings",
            )
        except TimeoutError:
            pass

    def _wake_at(self) -> float:
        """When time alone brings something: a change of state, the end of a minute, the end of the run's time."""
        state = self.circuit.state
        times = [self.begun + state.config.run_seconds]
        if (change := self.circuit.next_at()) is not None:
            times.append(change)
        if state.minutes:
            times.append(state.minutes[0].start + MINUTE)
        return min(times)

    def _to_write(self) -> bool:
        minutes = self.circuit.state.minutes
        return bool(self.circuit.news) or bool(minutes and minutes[0].start + MINUTE <= now())

    def _spent(self) -> str:
        info, config = workflow.info(), self.circuit.state.config
        budget = HistoryBudget(config.run_events, config.run_seconds)
        if self.circuit.news or not workflow.all_handlers_finished():
            return ""
        return budget.spent(
            events=self.handled,
            started_at=self.begun,
            now=now(),
            length=info.get_current_history_length(),
            suggested=info.is_continue_as_new_suggested(),
        )

    async def _write(self) -> None:
        """What comes while it is written is written next time."""
        circuit, info, at = self.circuit, workflow.info(), now()
        events, minutes = list(circuit.news), list(circuit.state.minutes)
        await steps.record_circuit(
            CircuitNews(
                service=self.service,
                workflow_id=info.workflow_id,
                run_id=info.run_id,
                run_started_at=self.begun,
                kept=STATE.dump(circuit.state),
                events=events,
                minutes=minutes,
            )
        )
        del circuit.news[: len(events)]
        circuit.state.minutes = [minute for minute in circuit.state.minutes if minute.start + MINUTE > at]

    # --- what callers say ---------------------------------------------------------------------------------------

    @workflow.signal
    def record(self, report: Any = None, *more: Any) -> None:
        self.handled += 1
        read, errors = contract.read_report(report)
        if read is not None:
            self.circuit.record(read, now())
        self._note(errors)

    @workflow.update
    def acquire_probe(self, owner: Any = "", *more: Any) -> dict[str, Any]:
        self.handled += 1
        name, _is_text = claim_text(owner)
        return asdict(self.circuit.acquire(name, now()))

    # --- what people order --------------------------------------------------------------------------------------

    @workflow.signal
    def override(
        self,
        state: Any = "",
        reason: Any = "",
        actor: Any = "",
        expires_seconds: Any = None,
        order_id: Any = "",
        shown: Any = None,
        *more: Any,
    ) -> None:
        self.handled += 1
        ordered = contract.read_override(state, reason, actor, expires_seconds, order_id, shown)
        if ordered.target:
            self.circuit.override(ordered.target, ordered.seconds, ordered.order, now())
        self._note(ordered.errors)

    @workflow.signal
    def force_open(
        self,
        reason: Any = "",
        actor: Any = "",
        expires_seconds: Any = None,
        order_id: Any = "",
        shown: Any = None,
        *more: Any,
    ) -> None:
        self.override(FORCED_OPEN, reason, actor, expires_seconds, order_id, shown)

    @workflow.signal
    def reset(self, actor: Any = "", reason: Any = "", order_id: Any = "", shown: Any = None, *more: Any) -> None:
        self.handled += 1
        self.circuit.reset(contract.read_order(actor, reason, order_id, shown), now())

    @workflow.signal
    def configure(self, config: Any = None, *more: Any) -> None:
        self.handled += 1
        self._configure(config)

    def _configure(self, config: Any, carried: bool = False) -> None:
        """Beside a carried state a config counts only where it is of a newer version."""
        read = contract.read_settings(config)
        if read.config is not None and (read.version or not carried):
            self.circuit.configure(read.config, now(), version=read.version, seconds=read.seconds, order=read.order)
        self._note([*read.errors, *read.warnings])

    # --- what it tells ------------------------------------------------------------------------------------------

    @workflow.query
    def get_state(self, *more: Any) -> dict[str, Any]:
        info = workflow.info()
        run = Run(info.run_id, self.begun, self.handled, info.get_current_history_length())
        return circuit_telling.told(self.service, self.circuit.state, run, self.problems, now())

    def _note(self, errors: Any) -> None:
        """Rubbish changes nothing; that it came is shown."""
        for error in errors:
            self.problems = Problems(self.problems.count + 1, error, now())


def now() -> float:
    """The workflow's time, epoch seconds."""
    return workflow.now().timestamp()
