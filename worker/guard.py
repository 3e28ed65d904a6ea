"""The guard around calls to services: code that runs in activities enters it before a call, and is told if it may not.

    async with guard.call("payments") as call: ...      # in a thread: with guard.call("payments")

It decides by what this process knows, without a round trip; what came of the calls is told to the circuit's entity
about once a second. See docs/resilience.md.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from worker.circuit_contract import MAX_SERVICE
from worker.circuit_view import View
from worker.entities import Entities
from worker.guarded import Call
from worker.hearing import Hearing
from worker.reading import printable
from worker.reporting import Reporting
from worker.resilience.caller import Caller

MAX_RUNG = 50


@dataclass(frozen=True)
class Known:
    """What this process goes by. Times in epoch seconds; ``heard_at``: when the index last answered."""

    service: str
    state: str
    retry_at: float | None
    reason: str
    own: bool
    """Opened here, by failures of this process, and the entity has not spoken since."""
    informed: bool
    """Whether the entity's word has been looked for."""
    heard_at: float | None
    index: bool
    """Whether the index answered last."""
    temporal: bool
    """Whether Temporal answered last."""
    told: bool
    """Whether all that was counted here has arrived at the entity."""


class Guard:
    """One for a process. It may be used by any thread and any event loop; its own threads begin with its first call."""

    def __init__(
        self, *, name: str = "", entities: Entities | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._given = name
        self.entities = entities or Entities()
        self.clock = clock
        self._begin()

    def _begin(self) -> None:
        self.name = self._given or printable(f"{socket.gethostname()}:{os.getpid()}")
        self._views: dict[str, View] = {}
        self._lock = threading.Lock()
        self._running = False
        # A process that gets the name of an earlier one goes on above its numbers, or nobody would count its reports.
        self._first_seq = int(time.time() * 1_000)
        self.reporting = Reporting(self._all, self.entities)
        self.hearing = Hearing(self._all, self.entities, self.name, self.clock)

    def _all(self) -> list[View]:
        with self._lock:
            return list({id(view): view for view in self._views.values()}.values())

    # --- what callers use ---------------------------------------------------------------------------------------

    def call(self, circuit: str) -> Call:
        """Around one call: ``async with`` in coroutines, ``with`` in threads. Entering raises CircuitOpen."""
        return Call(self, self._views.get(circuit) or self._view(circuit))

    def served(self, circuit: str, *, rung: str) -> None:
        """This rung of the fallback chain served instead."""
        view = self._views.get(circuit) or self._view(circuit)
        with view.lock:
            view.caller.outbox.served(printable(rung[:MAX_RUNG]) or "unnamed")

    def peek(self, circuit: str) -> Known:
        """What a call would be decided by now."""
        view = self._views.get(circuit) or self._view(circuit)
        view.used_at = monotonic()
        with view.lock:
            caller = view.caller
            now = self.clock()
            state, until, reason = caller.state(now)
            return Known(
                service=view.service,
                state=state,
                retry_at=until,
                reason=reason,
                own=caller.opening is not None and now < caller.opening.until,
                informed=caller.informed,
                heard_at=self.hearing.heard_at,
                index=self.hearing.index,
                temporal=self.reporting.temporal,
                told=view.told,
            )

    def flush(self, timeout: float = 2.0) -> bool:
        """Report what is not reported yet, and wait in this thread so long at most. Whether all of it has arrived."""
        end = monotonic() + timeout
        while left := [view for view in self._all() if not view.told]:
            if monotonic() >= end:
                return False
            self.reporting.hurry(left)
            time.sleep(0.02)
        return True

    def stop(self) -> None:
        """End its threads: what is counted afterwards is reported by none."""
        if self._running:
            self.hearing.turn.stop()
            self.reporting.turn.stop()

    # --- what belongs to it -------------------------------------------------------------------------------------

    def _view(self, circuit: str) -> View:
        """Of a circuit that has not been called yet."""
        service = printable(circuit[:MAX_SERVICE]).strip()
        if not service:
            raise ValueError("A circuit has a name: which service is called?")
        with self._lock:
            view = self._views.get(service) or View(Caller(service, self.name, self._first_seq))
            self._views[circuit] = self._views[service] = view
            if not self._running:
                self._running = True
                self.hearing.turn.start()
                self.reporting.turn.start()
        self.hearing.turn.wake()
        return view


guard = Guard()
"""The process's own."""
os.register_at_fork(after_in_child=guard._begin)
