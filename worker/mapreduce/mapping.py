"""One run of a map over a chunk. What raises for all of the items at once is, the last time, called with fewer and
fewer of them: so only those have failed that fail alone, and the others' partial results are kept."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker import registry
from worker.batch_wire import ChunkDone, ChunkFailures, FailedItem, RunChunk
from worker.chunks import folders
from worker.chunks.calling import words
from worker.chunks.notes import Overtaken
from worker.chunks.reading import items_of, items_or_numbers
from worker.chunks.running import ChunkRun, places_of
from worker.chunks.turns import Turn
from worker.datasets.records import Item
from worker.datasets.references import BadSource
from worker.mapreduce import partials
from worker.mapreduce.calling import Function, Useless, kept
from worker.mapreduce.partials import Word
from worker.mapreduce_contract import ATTEMPTS
from worker.mapreduce_wire import EndMap
from worker.resilience.fallback import NotAgain
from worker.resilience.ranges import Ranges
from worker.tidying import tidied

log = logging.getLogger(__name__)

Place = tuple[int, Item]


class MapFailed(Exception):
    """The map raised this, and is to be tried again."""


class MapRun(ChunkRun):
    """``attempt`` counts from 1. Asked to stop, it begins no further part of its items."""

    def __init__(self, given: RunChunk, attempt: int) -> None:
        super().__init__(given)
        self.attempt = attempt

    def beat(self) -> dict[str, Any]:
        """Nothing of it counts before all of it has ended."""
        return {"chunk": self.given.chunk, "done": [], "failed": 0}

    def run(self) -> ChunkDone:
        """Raises Overtaken where nobody waits for its answer any more."""
        with Turn(self.given.uuid) as turn:
            try:
                if (said := partials.word_in(partials.of_chunk(self.given))) is not None:
                    return said.as_done()
                done = self._mapped(turn)
            except BadSource as error:
                return ChunkDone(left=_left(self.given), error=str(error))
            return replace(done, costs=self.clock.costs(turn.stood, self.stopping))

    def _mapped(self, turn: Turn) -> ChunkDone:
        began = time.perf_counter()
        order = folders.order_of(self.given.uuid)
        items = items_of(self.given.uuid, self.given.chunk)
        self.clock.reading = time.perf_counter() - began
        function = Function(registry.maps, "map", order.job, order.job_args)
        mapping = _Mapping(self, function, turn)
        mapping.take([(place, items[place]) for place in places_of(self.given)])
        self.clock.items, self.clock.job = len(items), time.perf_counter() - began - self.clock.reading
        return _settled(self, mapping.found).as_done()


@dataclass
class _Found:
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    well: Ranges = field(default_factory=Ranges)
    failed: list[FailedItem] = field(default_factory=list)
    left: Ranges = field(default_factory=Ranges)


class _Mapping:
    def __init__(self, run: MapRun, function: Function, turn: Turn) -> None:
        self.chunk, self.function, self.turn = run, function, turn
        self.found = _Found()

    def take(self, places: Sequence[Place]) -> None:
        """What cannot be read fails by itself; the rest is mapped at once, if that goes well."""
        for _place, item in places:
            if item.error:
                self._fail(item, item.error, final=True)
        readable = [each for each in places if not each[1].error]
        try:
            self._call(readable)
        except (Exception, SystemExit) as error:
            if self.chunk.attempt < ATTEMPTS and not isinstance(error, NotAgain):
                raise MapFailed(words(error)) from error
            self._apart(readable, error)

    def _call(self, places: Sequence[Place]) -> None:
        """Raises what the map raises."""
        if not places:
            return
        line = kept(self.function([item.value for _place, item in places], self.turn))
        if self.found.size + len(line) > partials.LARGEST:
            raise Useless("Its parts returned more together than one partial result may have. Let it return less.")
        self.found.lines.append(line)
        self.found.size += len(line)
        _add(self.found.well, places)

    def _apart(self, places: Sequence[Place], error: BaseException) -> None:
        """These have failed together."""
        if len(places) == 1 or isinstance(error, Useless):
            for _place, item in places:
                self._fail(item, words(error), final=isinstance(error, NotAgain))
            return
        middle = len(places) // 2
        for part in (places[:middle], places[middle:]):
            if self.chunk.stopping or self._too_many:
                _add(self.found.left, part)
                continue
            self.turn.next()
            try:
                self._call(part)
            except (Exception, SystemExit) as raised:
                self._apart(part, raised)

    @property
    def _too_many(self) -> bool:
        """More have failed than may: the batch is to say what becomes of the rest."""
        most = self.chunk.given.most_failed
        return most is not None and len(self.found.failed) > most

    def _fail(self, item: Item, error: str, final: bool) -> None:
        self.found.failed.append(FailedItem(item.number, item.key, error, self.chunk.attempt, final))


def _add(to: Ranges, places: Sequence[Place]) -> None:
    for place, _item in places:
        to.add(place)


# --- settling -----------------------------------------------------------------------------------------------------


def _settled(run: MapRun, found: _Found) -> Word:
    """In this order: failures in the database, then the file, which is what counts. Given up meanwhile, nothing."""
    path = partials.of_chunk(run.given)
    if (said := partials.word_in(path)) is not None:
        return said
    first = run.given.chunk * folders.order_of(run.given.uuid).data.chunk_size
    again = run.given.failed or run.attempt > 1
    cleared = [first + place for start, end in found.well for place in range(start, end)] if again else []
    _insist(run, ChunkFailures(run.given.uuid, run.given.round, found.failed, cleared))
    values = b"[" + b",".join(line[1:-1] for line in found.lines) + b"]"
    word = Word(found.well.dump(), len(found.failed), found.left.dump())
    return partials.write(path, word, values)


def _insist(run: MapRun, failures: ChunkFailures) -> None:
    """Until the database takes it: a map that went well is not done again for that."""
    pause = 0.1
    while failures.failed or failures.cleared:
        if run.lost:
            raise Overtaken
        try:
            tidied(registry.call, "batches.record_failures", failures)
            return
        except Exception as error:
            log.warning("Failures of a MapReduce could not be written, and will be again: %s", error)
            time.sleep(pause)
            pause = min(pause * 2, 5.0)


def end(given: EndMap) -> ChunkDone:
    """The last word on a run that has none: its items failed, or they are left. A run that still goes says no more."""
    chunk = given.chunk
    path = partials.of_chunk(chunk)
    if (said := partials.word_in(path)) is not None:
        return said.as_done()
    word = Word(left=_left(chunk))
    if given.error:
        items = items_or_numbers(chunk.uuid, chunk.chunk, chunk.items)
        run = [items[place] for place in places_of(chunk)]
        failed = [FailedItem(item.number, item.key, given.error, given.attempts) for item in run]
        registry.call("batches.record_failures", ChunkFailures(chunk.uuid, chunk.round, failed))
        word = Word(failed=len(failed))
    return partials.write(path, word, b"[]").as_done()


def _left(given: RunChunk) -> list[list[int]]:
    left = Ranges()
    for place in places_of(given):
        left.add(place)
    return left.dump()


__all__ = ["MapFailed", "MapRun", "end"]
