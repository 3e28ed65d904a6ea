"""Chunks of a batch as child workflows: what a child is given, how it is called, of what it is made. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from worker.batch_wire import ChunkDone, RunChunk
from worker.reading import Reader, as_uuid
from worker.resilience.ranges import Ranges

CHILD = "BatchChildWorkflow"
GO_ON_ALONE = "go_on_alone"
"""The signal by which a child learns that nobody waits for it."""
MAX_ID = 900
"""Characters of a batch's id that its children's may begin with: Temporal takes a thousand in all."""
MOST_CHUNKS = 100_000
"""Of one child: whoever works through more at once would be taken for dead."""
_MOST = 2**53
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class RunChild:
    """Items of a batch for one child: ``items`` from number ``first`` on, or of those the places ``only``.

    ``total`` items has the batch, in chunks of ``chunk_size``. ``round``, ``failed``, ``most_failed``, ``past``,
    ``fail`` and ``redo`` are as of a chunk, for all of them together. ``at`` of its chunks are done already, with
    ``done``; ``alone``: nobody waits for it, so that it says itself what became of it.
    """

    uuid: str
    first: int
    items: int
    round: int
    chunk_size: int
    total: int
    only: list[list[int]] | None = None
    failed: bool = False
    most_failed: int | None = None
    chunk_timeout_seconds: float = 300.0
    at: int = 0
    done: ChunkDone = field(default_factory=ChunkDone)
    alone: bool = False
    past: str = ""
    fail: str = ""
    redo: str = ""
    hold_seconds: float = 0.0
    """How long the circuit of ``service`` may hold an item where nobody but the child waits for it; 0: without end."""
    service: str = ""


@dataclass(frozen=True)
class ChildDone:
    """``cancelled``: it was asked to end. Else what is left is left because its worker ended, or too much failed."""

    done: ChunkDone = field(default_factory=ChunkDone)
    cancelled: bool = False


@dataclass(frozen=True)
class CountChild:
    """Of a child that ended without a word. ``error``: why what it has not run has failed; "": it is left."""

    child: RunChild
    error: str = ""


@dataclass(frozen=True)
class Alone:
    """A child that goes on though its batch has ended: the id of its workflow, and what it was given."""

    id: str
    child: RunChild


@dataclass(frozen=True)
class ChildEnded:
    """What has become of a child whose batch has ended before it."""

    uuid: str
    round: int
    done: ChunkDone


@dataclass(frozen=True)
class EndChildren:
    """Children to be terminated: the id and the run of each."""

    children: list[list[str]]
    reason: str


# --- what an open circuit holds of a child that is alone ------------------------------------------------------------


class HeldAlone:
    """Since when; run after run of its chunks, as the batch itself would count it."""

    def __init__(self, child: RunChild) -> None:
        self.limit, self.service = child.hold_seconds, child.service
        self._since = self._before = 0.0
        self._all = 0

    def begin(self, run: RunChunk) -> None:
        self._since, self._all = 0.0, len(Ranges(run.only)) if run.only is not None else run.items

    def tried(self, done: ChunkDone, now: float) -> None:
        """What was held, and was not begun for that, waits since the first time. Where nothing of a chunk could be
        served it has waited with the one before it."""
        if not done.held or len(Ranges(done.left)) < self._all:
            self._before = 0.0
        if done.held and not self._since:
            self._since = self._before or now

    def left(self, now: float) -> float | None:
        """Seconds; None: nothing is held, or without end."""
        return max(0.0, self._since + self.limit - now) if self._since and self.limit else None

    def fail(self, run: RunChunk, done: ChunkDone) -> RunChunk:
        """What is left of it was held for as long as it may be."""
        self._before = self._since
        reason = f": {done.held_reason}" if done.held_reason else ""
        return replace(run, only=done.left, fail=too_long(self.service, reason, self.limit))


def too_long(service: str | None, reason: str, seconds: float) -> str:
    return (
        f"The circuit of {service} stayed open{reason}. It was held for {seconds:g} s, which is as long as it may be."
    )


# --- how a child is called ------------------------------------------------------------------------------------------


def id_of(batch: str, uuid: str, what: str, name: str, round: int | None) -> str:
    """``<batch>-chunk-7``; what is run of it again, or only in part, has the number of its round, too."""
    begins = batch if len(batch) <= MAX_ID else f"batch-{uuid}"
    return f"{begins}-{what}-{name}" + (f"-{round}" if round is not None else "")


def safe(text: str, number: int) -> str:
    """A text as a part of an id. One that had to be changed has its number, so that no two are the same."""
    changed = _ODD.sub("_", text)[:60].strip("_")
    return changed if changed == text and text else f"{changed or 'none'}.{number}"


# --- what it is made of ---------------------------------------------------------------------------------------------


def runs_of(child: RunChild) -> list[RunChunk]:
    """The runs of chunks that it is made of, in their order."""
    size, runs = child.chunk_size, dict[int, list[list[int]]]()
    for start, end in child.only if child.only is not None else [[0, child.items]]:
        at, stop = child.first + start, child.first + end
        while at < stop:
            chunk = at // size
            until = min(stop, (chunk + 1) * size)
            runs.setdefault(chunk, []).append([at - chunk * size, until - chunk * size])
            at = until
    made, later = [_run_of(child, chunk, places) for chunk, places in sorted(runs.items())], size_of(child)
    for at, run in enumerate(made):
        later -= items_in(run)
        made[at] = replace(run, later=later)
    return made


def _run_of(child: RunChild, chunk: int, places: list[list[int]]) -> RunChunk:
    items = min(child.chunk_size, child.total - chunk * child.chunk_size)
    whole = places == [[0, items]]
    only = None if whole else places
    run = RunChunk(child.uuid, chunk, child.round, items, only, child.failed, child.most_failed)
    return replace(run, past=child.past, fail=child.fail, redo=child.redo)


def items_in(run: RunChunk) -> int:
    return run.items if run.only is None else len(Ranges(run.only))


def with_bound(run: RunChunk, child: RunChild) -> RunChunk:
    """What failed in the chunks before counts against what may."""
    if child.most_failed is None:
        return run
    return replace(run, most_failed=max(0, child.most_failed - child.done.failed))


def added(child: RunChild, run: RunChunk, done: ChunkDone) -> RunChild:
    """One of its chunks more has ended."""
    before = child.done
    left = Ranges([*before.left, *_from(child, run, done.left)])
    held = Ranges([*before.held, *_from(child, run, done.held)])
    names = [*before.rungs, *(name for name in done.rungs if name not in before.rungs)]
    both = replace(
        done,
        degraded=before.degraded + done.degraded,
        failed=before.failed + done.failed,
        left=left.dump(),
        held=held.dump(),
        held_reason=done.held_reason or before.held_reason,
        held_until=done.held_until or before.held_until,
        rungs={name: before.rungs.get(name, 0) + done.rungs.get(name, 0) for name in names},
        error=before.error or done.error,
    )
    return replace(child, at=child.at + 1, done=both)


def size_of(child: RunChild) -> int:
    return child.items if child.only is None else len(Ranges(child.only))


def rest_left(child: RunChild) -> RunChild:
    """Nothing more of it is run."""
    for run in runs_of(child)[child.at :]:
        places = run.only if run.only is not None else [[0, run.items]]
        child = added(child, run, ChunkDone(left=places))
    return child


def _from(child: RunChild, run: RunChunk, places: Sequence[Sequence[int]]) -> list[list[int]]:
    """Places of a chunk as places of the child."""
    off = run.chunk * child.chunk_size - child.first
    return [[start + off, end + off] for start, end in places]


# --- from untrusted JSON --------------------------------------------------------------------------------------------


def dump(child: RunChild) -> dict[str, Any]:
    return asdict(child)


def read_child(given: Any) -> RunChild | None:
    """None: this is nothing that a batch gives to a child."""
    if not isinstance(given, Mapping) or as_uuid(given.get("uuid")) is None:
        return None
    read = Reader(given)
    first, items = read.whole("first", 0, _MOST), read.whole("items", 1, _MOST)
    round, size = read.whole("round", 1, _MOST), read.whole("chunk_size", 1, 10_000)
    total = read.whole("total", 1, _MOST)
    only, fits = _places(given.get("only"), items or 0)
    seconds = read.number("chunk_timeout_seconds", 1, 7 * 86_400)
    most, at = read.whole("most_failed", 0, _MOST), read.whole("at", 0, _MOST) or 0
    done = _done(given.get("done"), items or 0)
    if read.errors or not fits or done is None or first is None or not (items and round and size and total):
        return None
    if first + items > total or items > size * MOST_CHUNKS:
        return None
    failed, alone = given.get("failed") is True, given.get("alone") is True
    uuid = str(as_uuid(given["uuid"]))
    past, fail, redo = (read.text(name, limit=5_000) for name in ("past", "fail", "redo"))
    holding = (read.number("hold_seconds", 0, 31 * 86_400) or 0.0, read.text("service"))
    if read.errors:
        return None
    timing = (most, seconds or 300.0, at, done, alone)
    return RunChild(uuid, first, items, round, size, total, only, failed, *timing, past, fail, redo, *holding)


def _places(given: Any, items: int) -> tuple[list[list[int]] | None, bool]:
    """Ranges below ``items``, in their order; whether they are that."""
    if given is None:
        return None, True
    if not isinstance(given, list):
        return None, False
    before = 0
    for each in given:
        if not isinstance(each, list) or len(each) != 2 or not all(type(number) is int for number in each):
            return None, False
        if not before <= each[0] < each[1] <= items:
            return None, False
        before = each[1]
    return given, True


def _done(given: Any, items: int) -> ChunkDone | None:
    if given is None:
        return ChunkDone()
    if not isinstance(given, Mapping):
        return None
    read = Reader(given)
    degraded, failed = read.whole("degraded", 0, _MOST) or 0, read.whole("failed", 0, _MOST) or 0
    left, fits = _places(given.get("left") or [], items)
    error = given.get("error")
    if read.errors or not fits or (error is not None and not isinstance(error, str)):
        return None
    return ChunkDone(degraded, failed, left or [], error or "", rungs=_rungs(given.get("rungs")))


def _rungs(given: Any) -> dict[str, int]:
    """Of what comes from a run of this very child: what it is held for is said again where it goes on."""
    served = Reader(given if isinstance(given, Mapping) else {})
    names = [name for name in served.given if isinstance(name, str)]
    return {name: number for name in names if (number := served.whole(name, 0, _MOST))}
