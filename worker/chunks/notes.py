"""What a run of a chunk leaves behind, so that the next one goes on from there: a checkpoint, what it returned, slots.

All of it outlives a sudden death of the process. The *checkpoint* says which places are done, and how much of the file
of results is theirs; it is written every half second, after the failures are in the database. The *slots* are a page of
memory shared with a file: which items are being run at this very moment, and which run of the chunk holds it now. A
run that finds another number there than its own has been overtaken, and nothing that it says counts any more.
"""

import json
import mmap
import os
import shutil
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path

from worker.chunks import folders
from worker.resilience.ranges import Ranges
from worker.whole import within

AT_ONCE = 10
"""Items of one chunk that run at once."""
_LEFT = AT_ONCE + 1
"""Where the page says that its run ended in order, whatever it ended with."""
_SIZE = 8 * (AT_ONCE + 2)


class Overtaken(Exception):
    """Another run has this chunk now."""


@dataclass
class Checkpoint:
    """``deaths``: how often a run ended suddenly while this place was being run. ``stalled``: runs without progress.

    ``rungs``: how many each rung served. ``redo``: the rung that had served these items before; then ``degraded`` are
    those that stayed so, and the others are degraded no more.
    """

    done: list[list[int]] = field(default_factory=list)
    failed: int = 0
    degraded: int = 0
    file: str = ""
    offset: int = 0
    deaths: dict[str, int] = field(default_factory=dict)
    stalled: int = 0
    seen: int = -1
    """How many were done when the last run began."""
    rungs: dict[str, int] = field(default_factory=dict)
    redo: str = ""


class Notes:
    """Of one chunk and round."""

    def __init__(self, uuid: str, chunk: int, round: int) -> None:
        name = f"{chunk:08}-{round:08}"
        self._results, work = folders.results_of(uuid), folders.work_of(uuid)
        self._checkpoint, self._slots = work / f"{name}.json", work / f"{name}.slots"
        self._final = self._results / f"{name}.jsonl"
        self._name = name
        self.kept = self._read()
        self.done = Ranges(self.kept.done)
        self.suspects: list[int] = []
        self._file: BufferedWriter | None = None
        self._open_slots()

    # --- taking over ------------------------------------------------------------------------------------------

    def _open_slots(self) -> None:
        file = within(self._slots.parent, lambda: os.open(self._slots, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            if os.fstat(file).st_size < _SIZE:
                os.ftruncate(file, _SIZE)
            self._map = mmap.mmap(file, _SIZE)
        finally:
            os.close(file)
        self.slots = memoryview(self._map).cast("q")
        in_order = self.slots[0] == 0 or bool(self.slots[_LEFT])
        running = [place - 1 for place in self.slots[1:_LEFT] if place]
        self.run = self.slots[0] + 1
        self.sudden = not in_order
        """The run before ended without a word: what it had called last is not known."""
        self.slots[0] = self.run
        if not in_order:
            self._suspect([place for place in running if place not in self.done])
        known = (int(place) for place in self.kept.deaths)
        self.suspects = sorted(place for place in known if place not in self.done)
        for slot in range(1, _LEFT + 1):
            self.slots[slot] = 0

    def _suspect(self, running: list[int]) -> None:
        """The last run ended suddenly, or hangs: it may be the fault of what it was running."""
        for place in running:
            self.kept.deaths[str(place)] = self.deaths_of(place) + 1
        stalled = not running and len(self.done) == self.kept.seen
        self.kept.stalled = self.kept.stalled + 1 if stalled else 0
        self.kept.seen = len(self.done)
        self.save()

    def leave(self) -> None:
        """It ends in order, only waits, or the process is asked to end: that is not the fault of what is being run."""
        if not self.overtaken:
            self.slots[_LEFT] = 1

    def go_on(self) -> None:
        """It waits no longer."""
        if not self.overtaken:
            self.slots[_LEFT] = 0

    def deaths_of(self, place: int) -> int:
        return self.kept.deaths.get(str(place), 0)

    @property
    def overtaken(self) -> bool:
        return bool(self.slots[0] != self.run)

    # --- results ----------------------------------------------------------------------------------------------

    def write(self, lines: list[str]) -> None:
        """The process may die after this; what is not in a checkpoint is cut off then."""
        if not lines:
            return
        file = self._file or self._opened()
        file.write("".join(lines).encode())
        file.flush()
        self.kept.offset = file.tell()

    def _opened(self) -> BufferedWriter:
        """A file of its own for each run, so that one that was overtaken cannot write into another's."""
        path = self._results / f".{self._name}.{self.run}.part"
        self._file = within(path.parent, lambda: path.open("wb"))
        if self.kept.offset:
            self._copy(self._file)
        self.kept.file = path.name
        return self._file

    def _copy(self, to: BufferedWriter) -> None:
        before = self._results / self.kept.file
        with (before if before.exists() else self._final).open("rb") as file:
            left = self.kept.offset
            while left and (piece := file.read(min(left, 1_000_000))):
                left -= to.write(piece)

    def save(self) -> None:
        self.kept.done = self.done.dump()
        if self.overtaken:
            raise Overtaken
        folders.write_whole(self._checkpoint, json.dumps(vars(self.kept)).encode())

    def finish(self) -> None:
        """What it returned gets its name; asked again, this round knows that it is done."""
        if self.kept.offset and self._file is None and self.kept.file != self._final.name:
            self._opened()
        if self.overtaken:
            raise Overtaken
        if self._file is not None:
            self._file.close()
            os.replace(self._file.name, self._final)
            self._file, self.kept.file = None, self._final.name
        self.save()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self.leave()
        self.slots.release()
        self._map.close()

    def _read(self) -> Checkpoint:
        try:
            return checkpoint(self._checkpoint)
        except FileNotFoundError:
            return Checkpoint()


def checkpoint(path: Path) -> Checkpoint:
    return Checkpoint(**json.loads(path.read_bytes()))


def being_run(uuid: str, chunk: int, place: int) -> bool:
    """At this very moment, as far as the pages of memory of its rounds say; a sudden death leaves it said."""
    for path in folders.work_of(uuid).glob(f"{chunk:08}-*.slots"):
        slots = memoryview(path.read_bytes()[:_SIZE].ljust(_SIZE, b"\0")).cast("q")
        if not slots[_LEFT] and place + 1 in slots[1:_LEFT]:
            return True
    return False


def tidy(uuid: str) -> None:
    """The notes of all chunks, once nobody will go on from them."""
    shutil.rmtree(folders.work_of(uuid), ignore_errors=True)


def parts(uuid: str) -> list[Path]:
    """The results of all chunks and rounds."""
    return sorted(folders.results_of(uuid).glob("[0-9]*.jsonl"))
