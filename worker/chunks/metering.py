"""What a run of a chunk calls of services beyond what was lent to its batch before it began: reserved call by call.

Further tries, rungs that call a service with a budget, and all calls of a run that takes over after a sudden end: for
nobody knows what that one had called. An item waits for its call here as it waits between two tries; the chunk's own
piece is raised by what is lent, and lowered by what has been called.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from worker import registry
from worker.batch_wire import CallsLent, RunChunk, TakeCalls
from worker.chunks.folders import Order
from worker.resilience.fallback import NotAdmitted
from worker.tidying import tidied

log = logging.getLogger(__name__)

LOOK = 0.25
MARGIN = 0.8
"""So much of the chunk's time may pass with waiting; the rest is for the calls, and for its last word."""
FREE = 5.0
"""Seconds for which it is believed that nothing limits a service."""


class Stopped(Exception):
    """The chunk is asked to end: nobody waits for another try."""


class Meter:
    """Of one service. ``rest``: calls that were lent before, and have not been made; with no word to lose (``anew``)
    there are none. On the one loop that its items run on."""

    def __init__(self, meters: "Meters", service: str, rest: int, anew: bool) -> None:
        self.meters, self.service, self.rest, self.anew = meters, service, rest, anew
        self.out = self.spare = self.waiting = 0
        self.taken = self.asking = False
        self.free_until = self.come_at = 0.0

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Around one call more. Raises Stopped, or NotAdmitted where the chunk's time does not suffice."""
        await self._admitted()
        self.out += 1
        try:
            yield
        finally:
            self.out -= 1

    async def _admitted(self) -> None:
        self.waiting += 1
        try:
            while not self._granted():
                if self.meters.stopping():
                    raise Stopped
                if self.asking or time.monotonic() < self.come_at:
                    if time.monotonic() >= self.meters.until:
                        raise NotAdmitted(f"the budget of {self.service} had no call left in time")
                    await asyncio.sleep(min(LOOK, max(0.01, self.come_at - time.monotonic())))
                else:
                    await self._ask()
        finally:
            self.waiting -= 1

    def _granted(self) -> bool:
        if time.monotonic() < self.free_until:
            return True
        if self.spare:
            self.spare -= 1
            return True
        return False

    async def _ask(self) -> None:
        """For all that wait, at once."""
        self.asking, self.taken = True, True
        try:
            said = await asyncio.to_thread(self.meters.take, self.service, self._held, self.waiting)
        except Exception as error:
            log.warning("The budget of %s could not be asked, and will be again: %s", self.service, error)
            said = CallsLent(wait=1.0)
        finally:
            self.asking = False
        self.spare += said.granted
        self.come_at = time.monotonic() + said.wait
        if said.unlimited:
            self.free_until = time.monotonic() + FREE

    @property
    def _held(self) -> int:
        """What may still be called of all that was ever lent for this chunk."""
        return self.rest + self.out + self.spare

    def end(self) -> None:
        """What of another service was lent to this run alone is given back; of its own the batch does it."""
        if self.taken and time.monotonic() >= self.free_until and self.service != self.meters.own:
            self.meters.give_back(self.service)


class Meters:
    """Of one run of a chunk. ``open``: so many of its items are to be called."""

    def __init__(self, given: RunChunk, order: Order, stopping: Callable[[], bool], *, open: int, anew: bool) -> None:
        self.given, self.own, self.stopping, self.anew = given, order.service, stopping, anew
        longest = max([order.item_timeout_seconds, *(rung.timeout_seconds or 0.0 for rung in order.fallbacks)])
        self.lease = 2 * longest + 60.0
        self.until = time.monotonic() + MARGIN * order.chunk_timeout_seconds
        self._open = 0 if given.past or anew else open
        self._later = 0 if given.past or given.anew else given.later
        self._known: dict[str, Meter] = {}

    def of(self, service: str) -> Meter | None:
        """None where there is no service."""
        if service and service not in self._known:
            rest = self._open + self._later if service == self.own else 0
            self._known[service] = Meter(self, service, rest, self.anew and service == self.own)
        return self._known.get(service)

    def take(self, service: str, holds: int, count: int) -> CallsLent:
        given = TakeCalls(self.given.uuid, service, self.given.round, holds, count, self.lease)
        return tidied(registry.call, "batches.take_calls", given)  # type: ignore[no-any-return]

    def give_back(self, service: str) -> None:
        """Where that cannot be written its lease ends it."""
        try:
            self.take(service, 0, 0)
        except Exception as error:
            log.warning("Calls of %s could not be given back: %s", service, error)

    def end(self) -> None:
        for meter in self._known.values():
            meter.end()
