"""An item by its rungs: the job first, then who stands in for it. Refused by the open circuit it burns no try."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from worker import registry
from worker.batch_rungs import FAIL, HOLD, RungSpec
from worker.chunks.calling import RAISED, Caller, Outcome, kept, words
from worker.chunks.folders import Order
from worker.chunks.metering import Meters, Stopped
from worker.datasets.records import Item
from worker.guard import guard
from worker.registry import Registered
from worker.resilience.fallback import AllFailed, NotAgain, Rung, Skipped, serve
from worker.resilience.refusals import CircuitOpen

LOOK = 0.25


class Guarded(Caller):
    """Of a job that does not take its ``service``, and so does not ask its circuit by itself: that is done here."""

    async def _try(self, item: Item) -> Any:
        try:
            async with guard.call(self.order.service) as call:
                answer = await super()._try(item)
                if isinstance(answer, RAISED) and not isinstance(answer, NotAgain | CircuitOpen):
                    call.failed(words(answer))
        except CircuitOpen as error:
            return error
        return answer


class Ladder:
    """Of one chunk. ``past``: why the circuit lets nothing through; "": the job is called first.

    ``redo``: the job alone is called, for somebody has stood in for it before.
    """

    def __init__(self, primary: Caller, meters: Meters, *, past: str = "", redo: bool = False) -> None:
        self.primary, self.order, self.redo = primary, primary.order, redo
        self.past = _refused(CircuitOpen(self.order.service, past)) if past else None
        self._stand_ins: list[Caller] = []
        self.meters = meters
        self.rungs = [] if redo else [self._rung(rung) for rung in self.order.fallbacks]

    def _rung(self, spec: RungSpec) -> Rung:
        job = _found(spec.job)
        order = replace(self.order, job=spec.job, job_args=spec.job_args, service=spec.service)
        caller = Caller(job, order, self.primary.stopping)
        self._stand_ins.append(caller)
        circuit = spec.service if spec.service and "service" not in job.reserved else None
        meter = self.meters.of(spec.service)
        return Rung(spec.name, _contained(caller), spec.patience, circuit, meter.call if meter else None)

    @property
    def cooperative(self) -> bool:
        return all(caller.cooperative for caller in (self.primary, *self._stand_ins))

    def end(self) -> None:
        for caller in (self.primary, *self._stand_ins):
            caller.end()

    async def serve(self, item: Item, tried: int = 0) -> Outcome | None:
        """None: it was asked to end before it was known. An outcome that is ``held`` waits for the circuit."""
        first = self.past if self.past and not item.error else await self.primary.patiently(item, tried)
        if first is None or first.cause is None:
            return first
        refused = self._is_refused(first.cause)
        if self.redo or (refused and self.order.on_open == FAIL):
            return first
        if not self.rungs:
            return first._replace(held=True) if refused else first
        return await self._fall(item, first, refused)

    def _is_refused(self, error: BaseException) -> bool:
        return isinstance(error, CircuitOpen) and error.service == self.order.service != ""

    async def _fall(self, item: Item, first: Outcome, refused: bool) -> Outcome | None:
        try:
            served = await serve(self.rungs, item, guard=guard, sleep=self._sleep)
        except Stopped:
            return None
        except AllFailed as error:
            if refused and self.order.on_open == HOLD:
                return first._replace(held=True)
            return Outcome(error=str(AllFailed([self._skipped(first), *error.skipped])), attempts=first.attempts)
        if self.order.service:
            guard.served(self.order.service, rung=served.source)
        return kept(item, served.value, first.attempts, rung=served.source)

    def _skipped(self, first: Outcome) -> Skipped:
        error = first.cause
        said = f"circuit open: {error.reason}" if isinstance(error, CircuitOpen) else first.error
        return Skipped(self.order.job, "", said, first.attempts)

    async def _sleep(self, seconds: float) -> None:
        while seconds > 0:
            if self.primary.stopping():
                raise Stopped
            await asyncio.sleep(min(seconds, LOOK))
            seconds -= LOOK


def caller_of(job: Registered, order: Order, stopping: Callable[[], bool]) -> Caller:
    """The job's own, behind the batch's circuit where it does not ask that by itself."""
    guarded = order.on_open and "service" not in job.reserved and climbs(job, order)
    return Guarded(job, order, stopping) if guarded else Caller(job, order, stopping)


def climbs(job: Registered, order: Order) -> bool:
    """Whether an item may be refused, or served by another. A quick job asks no circuit, unless others can serve."""
    quick = bool(getattr(job.function, "quick", False))
    return bool(order.fallbacks) or bool(order.on_open and not quick)


def _found(name: str) -> Registered:
    job = registry.jobs.find(name)
    if job is None:
        raise registry.Missing(f"This worker does not know the job {name!r}. Is its app in INSTALLED_APPS?")
    return job


def _refused(error: CircuitOpen) -> Outcome:
    return Outcome(error=words(error), attempts=0, cause=error)


def _contained(caller: Caller) -> Callable[[Item], Any]:
    """What would end the chunk's loop is a failure of this rung alone."""

    async def call(item: Item) -> Any:
        try:
            return await caller.called(item)
        except (SystemExit, KeyboardInterrupt) as error:
            raise RuntimeError(words(error)) from None
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            raise RuntimeError("It was cancelled from within.") from None

    return call
