"""One run of a chunk, in a thread and a loop of its own: a job that blocks delays its chunk and no other."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from worker import registry
from worker.batch_wire import ChunkDone, Costs, RunChunk
from worker.chunks import folders, looping
from worker.chunks.calling import Caller, Outcome
from worker.chunks.metering import Meters
from worker.chunks.notes import AT_ONCE, Notes, Overtaken
from worker.chunks.reading import items_of
from worker.chunks.rungs import Ladder, caller_of, climbs
from worker.chunks.settling import EVERY, Settled, Settling
from worker.chunks.turns import Turn
from worker.datasets.records import Item
from worker.datasets.references import BadSource
from worker.resilience.ranges import Ranges
from worker.resilience.refusals import CircuitOpen

log = logging.getLogger(__name__)

MOST_DEATHS = 3
MOST_STALLED = 3
LONGEST_REASON = 300
_ALONE = threading.Lock()
"""Held for the one suspect of this process that runs: should the process die, it is known whose fault it was."""
LONGEST_ALONE = 60.0
"""Seconds that one may hang before the next goes without waiting for it."""


@dataclass(frozen=True)
class Progress:
    """What a heartbeat tells."""

    done: list[list[int]]
    failed: int = 0
    degraded: int = 0


class Clock:
    """What a run takes, in seconds."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.items, self.job, self.reading = 0, 0.0, 0.0
        self.worked = 0.0
        """What its thread had worked when it began."""

    def costs(self, stood: float, stopped: bool) -> Costs:
        """Of one that was asked to stop, nothing: its times say nothing."""
        if stopped:
            return Costs()
        whole = time.perf_counter() - self.began
        busy = time.thread_time() - self.worked
        job, reading, standing, all_, worked = (
            round(each * 1_000) for each in (self.job, self.reading, stood, whole, busy)
        )
        return Costs(self.items, job, reading, standing, all_, busy=worked)


class ChunkRun:
    """``stop()``: what is running ends, nothing more is begun. ``lose()``: somebody else has the chunk."""

    def __init__(self, given: RunChunk) -> None:
        self.given = given
        self.stopping = self.lost = False
        self.progress = Progress([])
        self.clock = Clock()
        self.held = Ranges()
        self.refused: CircuitOpen | None = None
        self._notes: Notes | None = None

    def stop(self) -> None:
        self.stopping = True

    def lose(self) -> None:
        self.stopping = self.lost = True

    def excuse(self) -> None:
        """The process has to end before the items do: that is not their fault."""
        if self._notes is not None:
            self._notes.leave()

    def run(self) -> ChunkDone:
        """Raises Overtaken where nobody waits for its answer any more."""
        with Turn(self.given.uuid) as turn:
            notes = self._notes = Notes(self.given.uuid, self.given.chunk, self.given.round)
            try:
                return self._run(notes, turn)
            finally:
                self._notes = None
                notes.close()

    def _run(self, notes: Notes, turn: Turn) -> ChunkDone:
        began, self.clock.worked = time.perf_counter(), time.thread_time()
        try:
            order = folders.order_of(self.given.uuid)
            items = items_of(self.given.uuid, self.given.chunk)
        except BadSource as error:
            return ended(self.given, notes, str(error))
        self.clock.reading = time.perf_counter() - began
        job = registry.jobs.find(order.job)
        if job is None:
            raise registry.Missing(f"This worker does not know the job {order.job!r}. Is its app in INSTALLED_APPS?")
        notes.kept.redo = self.given.redo
        _Items(self, notes, items, caller_of(job, order, lambda: self.stopping), turn).run()
        return self._with_held(replace(ended(self.given, notes), costs=self.clock.costs(turn.stood, self.stopping)))

    def _with_held(self, done: ChunkDone) -> ChunkDone:
        if self.refused is None:
            return done
        reason = self.refused.reason[:LONGEST_REASON]
        return replace(done, held=self.held.dump(), held_reason=reason, held_until=self.refused.retry_at)


class _Items:
    """The items of one run, and the ways through them."""

    def __init__(self, run: ChunkRun, notes: Notes, items: Sequence[Item], caller: Caller, turn: Turn) -> None:
        self.chunk, self.notes, self.items, self.caller, self.turn = run, notes, items, caller, turn
        called = caller.order.service and not run.given.fail
        opened = sum(place not in notes.done for place in places_of(run.given)) if called else 0
        self.meters = Meters(
            run.given, caller.order, lambda: run.stopping, open=opened, anew=notes.sudden or run.given.anew
        )
        caller.meter = self.meters.of(caller.order.service)
        self.settling = Settling(run.given, notes, items[0].number if items else 0, lambda: run.lost, run.stop)
        given = run.given
        by_rungs = bool(given.redo) or climbs(caller.job, caller.order)
        self.ladder = Ladder(caller, self.meters, past=given.past, redo=bool(given.redo)) if by_rungs else None
        self.quick = caller.quick and self.ladder is None and not (caller.meter and caller.meter.anew)
        self.serve = self.ladder.serve if self.ladder else caller.patiently

    def run(self) -> None:
        self.settling.look_at_tolerance()
        places = self._open(places_of(self.chunk.given))
        if self.chunk.given.fail:
            self._fail(places, self.chunk.given.fail)
            return
        if self.notes.kept.stalled >= MOST_STALLED:
            self._fail(places, "It could not be run: its worker stopped several times before it had begun.")
        deadly = [place for place in self.notes.suspects if self.notes.deaths_of(place) >= MOST_DEATHS]
        self._fail(deadly, f"Its worker died or hung while it ran, {MOST_DEATHS} times.")
        suspects = [place for place in self.notes.suspects if place not in deadly]
        others = self._open(set(places) - set(suspects)) if suspects or deadly else self._open(places)
        try:
            for place in self._open(suspects):
                self._alone(place)
            self._each(others, AT_ONCE)
        finally:
            (self.ladder or self.caller).end()
            self.meters.end()

    def _open(self, places: Iterable[int]) -> list[int]:
        done = self.notes.done
        return sorted(place for place in places if place not in done) if len(done) else sorted(places)

    def _fail(self, places: Iterable[int], error: str) -> None:
        for place in self._open(places):
            if self.chunk.stopping and self.chunk.given.fail:
                break  # more have failed than may: the batch is to say what becomes of the rest
            self.settling.add(place, self.items[place], Outcome(error=error, attempts=0))
        if self.settling:
            self.settling.settle(self.settling.take())

    def _alone(self, place: int) -> None:
        """While no other suspect runs, of whatever chunk. To wait for that is not to stall."""
        self.turn.give_back()
        self.notes.leave()
        until = time.monotonic() + max(LONGEST_ALONE, 2 * self.caller.order.item_timeout_seconds)
        held = False
        while not held and not self.chunk.stopping and time.monotonic() < until:
            held = _ALONE.acquire(timeout=EVERY)
        try:
            if self.notes.overtaken:
                raise Overtaken
            self.notes.go_on()
            self._each([place], 1)
            self.notes.save()
        finally:
            if held:
                _ALONE.release()

    def _each(self, places: list[int], at_once: int) -> None:
        again = self._quickly(places) if self.quick else []
        slowly = again if self.quick else places
        if self.quick and self.caller.meter:
            self.caller.meter.rest = self.chunk.given.later  # each of them has been called
        if slowly and not self.chunk.stopping:
            self.turn.give_back()
            work = self._slowly(slowly, at_once, tried=1 if self.quick else 0)
            looping.run(work, shared=(self.ladder or self.caller).cooperative)
        if self.settling:
            self.settling.settle(self.settling.take(), save=False)

    # --- jobs that never wait -----------------------------------------------------------------------------------

    def _quickly(self, places: Sequence[int]) -> list[int]:
        """One after the other, right here; those that are worth another try."""
        again: list[int] = []
        waiting = iter(places)
        clock, began = self.chunk.clock, time.perf_counter()
        while self._for_a_turn(waiting, again):
            clock.job += time.perf_counter() - began
            self._settle(self.settling.take())
            self.turn.next()
            began = time.perf_counter()
        clock.job += time.perf_counter() - began
        clock.items += len(places)
        self.notes.slots[1] = 0
        return again

    def _for_a_turn(self, waiting: Iterator[int], again: list[int]) -> bool:
        """Until something is to be written down; False: there are no more, or it is asked to stop."""
        slots, call, settling, items = self.notes.slots, self.caller.inline, self.settling, self.items
        for number, place in enumerate(waiting, 1):
            if self.chunk.stopping:
                return False
            slots[1] = place + 1
            outcome = call(items[place])
            if isinstance(outcome, str):
                settling.add_line(place, outcome)
            elif outcome is None:
                again.append(place)
            else:
                settling.add(place, items[place], outcome)
            if not number % 16 and settling.due:
                return True
        return False

    def _settle(self, settled: Settled) -> None:
        self.settling.settle(settled)
        self._tell()

    def _tell(self) -> None:
        kept = self.notes.kept
        self.chunk.progress = Progress(kept.done, kept.failed, kept.degraded)

    # --- jobs that wait -----------------------------------------------------------------------------------------

    async def _slowly(self, places: list[int], at_once: int, tried: int) -> None:
        """So many at once, by lanes that take the next place each: no task for each item."""
        waiting = iter(places)
        lanes = [
            asyncio.create_task(self._lane(slot, waiting, tried)) for slot in range(1, min(at_once, len(places)) + 1)
        ]
        try:
            while lanes:
                done, running = await asyncio.wait(lanes, timeout=EVERY / 2)
                for lane in done:
                    lane.result()
                lanes = list(running)
                if self.settling.due:
                    await asyncio.to_thread(self._settle, self.settling.take())
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, slot: int, waiting: Iterator[int], tried: int) -> None:
        slots, clock = self.notes.slots, self.chunk.clock
        for place in waiting:
            while self.settling.stuck and not self.chunk.stopping:
                await asyncio.sleep(0.2)
            if self.chunk.stopping:
                return
            slots[slot] = place + 1
            began = time.perf_counter()
            outcome = await self.serve(self.items[place], tried)
            slots[slot] = 0
            clock.job += time.perf_counter() - began
            clock.items += not tried
            if outcome is not None:
                if outcome.held:
                    self._hold(place, outcome)
                else:
                    self.settling.add(place, self.items[place], outcome)

    def _hold(self, place: int, outcome: Outcome) -> None:
        """It is left for when the circuit lets it through. Where nobody stands in, the others would be refused too."""
        assert isinstance(outcome.cause, CircuitOpen)
        self.chunk.held.add(place)
        self.chunk.refused = outcome.cause
        if self.ladder is None or not self.ladder.rungs:
            self.chunk.stop()


def count(given: RunChunk) -> ChunkDone:
    """What a run that ended without a word has done: what is written down of it counts, the rest is left."""
    done = [_counted(each) for each in several(given)]
    return replace(done[0], more=done[1:])


def _counted(given: RunChunk) -> ChunkDone:
    notes = Notes(given.uuid, given.chunk, given.round)
    try:
        return ended(given, notes)
    finally:
        notes.close()


def ended(given: RunChunk, notes: Notes, error: str = "") -> ChunkDone:
    """The last word on this round."""
    notes.finish()
    left = Ranges()
    if len(notes.done) < given.items:
        for place in places_of(given):
            if place not in notes.done:
                left.add(place)
    return ChunkDone(notes.kept.degraded, notes.kept.failed, left.dump(), error, rungs=notes.kept.rungs)


def several(given: RunChunk) -> list[RunChunk]:
    """Each chunk that goes with it by itself, it first."""
    if not given.more:
        return [given]
    data = folders.order_of(given.uuid).data
    chunks = range(given.chunk + 1, given.chunk + 1 + given.more)
    rest = [
        replace(given, chunk=chunk, round=round, items=data.items_of(chunk), more=0)
        for round, chunk in enumerate(chunks, given.round + 1)
    ]
    return [replace(given, more=0), *rest]


def places_of(given: RunChunk) -> Iterable[int]:
    if given.only is None:
        return range(given.items)
    return [place for start, end in given.only for place in range(start, end)]
