"""Outcomes become facts here, in this order: failures in the database, results in their file, then the checkpoint."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from operator import lt

from worker import registry
from worker.batch_wire import ChunkFailures, FailedItem, RunChunk
from worker.chunks.calling import Outcome
from worker.chunks.notes import Notes, Overtaken
from worker.datasets.records import Item
from worker.tidying import tidied

log = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two checkpoints: what is done since the last is done again after a sudden death."""
MUCH = 1_000_000
"""Characters of results that are held in memory at most."""
FAILURES = ThreadPoolExecutor(2, thread_name_prefix="failures")
"""Not the threads of decisions: however much fails, nobody's click waits for it."""


@dataclass
class Settled:
    """What has come of items: the places of those that went well, and what they returned; those that failed."""

    well: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    failed: list[tuple[int, FailedItem]] = field(default_factory=list)
    degraded: int = 0
    rungs: dict[str, int] = field(default_factory=dict)
    stayed: list[int] = field(default_factory=list)
    """Places that were to be served better than before, and were not: they stay as they were."""
    size: int = 0


class Settling:
    """Of one run of a chunk. ``first``: the number of its first item. ``lost``: whether somebody else has it now.

    ``stop`` has it begin nothing more."""

    def __init__(
        self, given: RunChunk, notes: Notes, first: int, lost: Callable[[], bool], stop: Callable[[], None]
    ) -> None:
        self.given, self.notes, self.first, self.lost, self.stop = given, notes, first, lost, stop
        self.waiting = Settled()
        self.stuck = False
        """The database does not take it: nothing more is begun until it does."""
        self._next = time.monotonic() + EVERY

    def add(self, place: int, item: Item, outcome: Outcome) -> None:
        waiting = self.waiting
        if self.given.redo and (outcome.error or outcome.degraded):
            waiting.stayed.append(place)
            waiting.degraded += 1
            return
        if outcome.error:
            failed = FailedItem(item.number, item.key, outcome.error, outcome.attempts, outcome.final)
            waiting.failed.append((place, failed))
            self.look_at_tolerance()
            return
        self.add_line(place, outcome.line)
        if outcome.degraded:
            waiting.degraded += 1
            waiting.rungs[outcome.rung] = waiting.rungs.get(outcome.rung, 0) + 1

    def add_line(self, place: int, line: str) -> None:
        """Of one that went well."""
        waiting = self.waiting
        waiting.well.append(place)
        waiting.lines.append(line)
        waiting.size += len(line)

    def look_at_tolerance(self) -> None:
        """More have failed than may: the batch is to say what becomes of the rest."""
        most = self.given.most_failed
        if most is not None and self.notes.kept.failed + len(self.waiting.failed) > most:
            self.stop()

    @property
    def due(self) -> bool:
        return self.waiting.size > MUCH or (bool(self) and time.monotonic() >= self._next)

    def __bool__(self) -> bool:
        """Whether anything is waiting."""
        return bool(self.waiting.well or self.waiting.failed or self.waiting.stayed)

    def take(self) -> Settled:
        """What is waiting; in the thread that adds to it, or something of it would be lost."""
        taken, self.waiting = self.waiting, Settled()
        return taken

    def settle(self, settled: Settled, *, save: bool = True) -> None:
        """Raises Overtaken where another run has this chunk."""
        notes = self.notes
        self._record(settled)
        if notes.overtaken or self.lost():
            raise Overtaken
        notes.write(settled.lines)
        for start, end in together([*settled.well, *settled.stayed, *(place for place, _failed in settled.failed)]):
            notes.done.add(start, end)
        notes.kept.failed += len(settled.failed)
        notes.kept.degraded += settled.degraded
        for rung, number in settled.rungs.items():
            notes.kept.rungs[rung] = notes.kept.rungs.get(rung, 0) + number
        if save:
            notes.save()
        self._next = time.monotonic() + EVERY

    def _record(self, settled: Settled) -> None:
        """Who has failed; and who has not, where an earlier run may have written that it had."""
        failed = [item for _place, item in settled.failed]
        again = self.given.failed or self.notes.run > 1
        cleared = [self.first + place for place in settled.well] if again else []
        if failed or cleared:
            self._insist(ChunkFailures(self.given.uuid, self.given.round, failed, cleared))

    def _insist(self, failures: ChunkFailures) -> None:
        """Until the database takes it: else all of it would be run again, and again."""
        pause = 0.1
        while True:
            if self.notes.overtaken or self.lost():
                raise Overtaken
            try:
                FAILURES.submit(tidied, registry.call, "batches.record_failures", failures).result()
            except Exception as error:
                self.stuck = True
                log.warning("Failures of a batch could not be written, and will be again: %s", error)
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                self.stuck = False
                return


def together(places: list[int]) -> Iterator[tuple[int, int]]:
    """The places as ranges: one, where they follow each other, as they nearly always do."""
    if places and len(places) == places[-1] - places[0] + 1 and all(map(lt, places, islice(places, 1, None))):
        yield places[0], places[-1] + 1
    else:
        yield from ((place, place + 1) for place in places)
