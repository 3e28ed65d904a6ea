"""What the tests of the guard share: a guard of a test's own on a real entity, and calls that go well or badly."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from temporalio.service import RPCError, RPCStatusCode

from tests.temporal import House, until
from worker.guard import Guard, Known
from worker.resilience.refusals import CircuitOpen

ENTITY = "CircuitBreakerWorkflow"


class Guarded:
    """A guard, and one service of a name of its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.service = f"payments-{uuid.uuid4().hex[:8]}"
        self.guards: list[Guard] = []
        self.guard = self.another("caller-1")

    def another(self, name: str) -> Guard:
        """As of another process."""
        self.guards.append(Guard(name=name))
        return self.guards[-1]

    @property
    def handle(self) -> Any:
        return self.house.client.get_workflow_handle(f"circuit-{self.service}")

    def begin(self, **config: Any) -> None:
        self.house.start(self.service, config, workflow=ENTITY, id=f"circuit-{self.service}")
        self.written()

    def written(self) -> None:
        """Until the guard knows what the entity was set to: an entity writes when something has happened."""
        reason = f"written down {uuid.uuid4()}"
        self.house.signal(self.handle, "reset", "setup", reason)
        until(lambda: self.known(lambda known: known.informed and known.reason == reason))

    def told(self) -> dict[str, Any]:
        """What the entity says; it has been begun by somebody, or will be in a moment."""
        found: dict[str, Any] = until(self._answer, what="the entity answers")
        return found

    def _answer(self) -> dict[str, Any] | None:
        try:
            return self.house.ask(self.handle, "get_state")  # type: ignore[no-any-return]
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return None

    def totals(self) -> tuple[int, int, int]:
        totals = self.told()["totals"]
        return totals["ok"], totals["failed"], totals["refused"]

    def becomes(self, state: str) -> dict[str, Any]:
        return until(lambda: (now := self.told())["state"] == state and now, what=f"the entity is {state}")

    def known(self, so: Callable[[Known], bool], guard: Guard | None = None) -> Known | None:
        now = (guard or self.guard).peek(self.service)
        return now if so(now) else None

    def knows(self, state: str, guard: Guard | None = None) -> Known:
        found = until(lambda: self.known(lambda now: now.state == state and not now.own, guard), what=f"knows {state}")
        assert isinstance(found, Known)
        return found

    # --- calls --------------------------------------------------------------------------------------------------

    def goes_well(self, guard: Guard | None = None) -> None:
        with (guard or self.guard).call(self.service):
            pass

    def fails(self, times: int = 1, guard: Guard | None = None) -> None:
        for _ in range(times):
            try:
                with (guard or self.guard).call(self.service):
                    raise OSError("503 upstream connect error")
            except OSError:
                pass

    def refused(self, guard: Guard | None = None) -> CircuitOpen | None:
        try:
            self.goes_well(guard)
        except CircuitOpen as refusal:
            return refusal
        return None

    def end(self) -> None:
        for guard in self.guards:
            guard.stop()
        try:
            self.house.run(self.handle.terminate("the test is over"))
        except RPCError:
            pass  # there is none


@contextmanager
def guarded(house: House) -> Iterator[Guarded]:
    made = Guarded(house)
    try:
        yield made
    finally:
        made.end()
