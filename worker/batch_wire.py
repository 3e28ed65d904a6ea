"""What the activities of batches are given and give: plain data, additive changes only; small, whatever the items."""

from dataclasses import dataclass, field
from typing import Any

from worker.batch_contract import BatchSpec


@dataclass(frozen=True)
class DataSet:
    """The items once they were scanned: ``chunks`` of ``chunk_size`` each, the last perhaps less.

    ``kept``: it is a copy in the batch's own folder, whose lines carry key and value.
    """

    uri: str
    format: str
    items: int
    chunks: int
    chunk_size: int
    sha256: str
    size: int
    kept: bool = False
    starts: list[int] = field(default_factory=list)
    """Where each chunk begins, where they are not of one size but groups of items."""

    def first_of(self, chunk: int) -> int:
        return self.starts[chunk] if self.starts else chunk * self.chunk_size

    def items_of(self, chunk: int) -> int:
        if self.starts:
            return (*self.starts, self.items)[chunk + 1] - self.starts[chunk]
        return min(self.chunk_size, self.items - chunk * self.chunk_size)


@dataclass(frozen=True)
class BatchRef:
    """The workflow, and its first run: together they name a batch."""

    workflow_id: str
    first_run_id: str


@dataclass(frozen=True)
class PrepareBatch:
    """Check the source and the job, copy inline items to a file, make the index."""

    ref: BatchRef
    spec: BatchSpec


@dataclass(frozen=True)
class Prepared:
    """``data`` is None where the batch cannot be begun, and ``errors`` say why."""

    uuid: str = ""
    data: DataSet | None = None
    errors: list[str] = field(default_factory=list)
    quick: bool = False
    """Its job never waits: several chunks of it may go together."""
    groups: list[str] = field(default_factory=list)
    """The names of the groups that ``data`` is made of, where it is."""


@dataclass(frozen=True)
class RunChunk:
    """Run items of one chunk: those at the places ``only`` ([start, end) within the chunk), or all of them.

    ``round`` names this run of the chunk: begun again under the same one, it goes on from what it had written down.
    ``failed``: these items had failed before, and whoever succeeds now is a failure no more.
    """

    uuid: str
    chunk: int
    round: int
    items: int
    """So many the chunk has."""
    only: list[list[int]] | None = None
    failed: bool = False
    most_failed: int | None = None
    """When more than so many of them have failed, it stops: the batch is above its tolerance. None: however many."""
    more: int = 0
    """So many whole chunks after it are run, too, one by one, under the rounds after its own."""
    past: str = ""
    """Why the circuit of the job lets nothing through: then its rungs serve at once."""
    fail: str = ""
    """Why none of these items is run at all: they fail with that."""
    redo: str = ""
    """The rung that served these items before; the job alone is asked, and who does not succeed stays as they were."""
    ended_before: int = 0
    """Items of chunks that its child ran before it, for its heartbeats; and how many of them failed."""
    failed_before: int = 0
    anew: bool = False
    """Nothing of its service was lent for it: its batch has ended. So each call is reserved when it is made."""
    later: int = 0
    """So many items of the same round come after this chunk, in others that the same child runs."""


@dataclass(frozen=True)
class TakeCalls:
    """A run of a chunk wants ``count`` calls of a service beyond what was lent before it began; of all that was ever
    lent for its round ``holds`` may still be made. Without a word for ``lease`` seconds they count as given back."""

    uuid: str
    service: str
    round: int
    holds: int
    count: int
    lease: float


@dataclass(frozen=True)
class CallsLent:
    """``granted`` calls may be made; if none, ask again in ``wait`` seconds. ``unlimited``: there is no budget."""

    granted: int = 0
    wait: float = 0.0
    unlimited: bool = False


@dataclass(frozen=True)
class Costs:
    """What a run of a chunk took, in milliseconds: its jobs (of items beside each other the sum), reading, standing
    in line for the interpreter, and all of it by the clock. ``items``: that it ran; ``again``: calls of its job beyond
    one for each, as far as they are known; ``busy``: processor time of its thread."""

    items: int = 0
    job: int = 0
    reading: int = 0
    standing: int = 0
    whole: int = 0
    again: int = 0
    busy: int = 0


@dataclass(frozen=True)
class ChunkDone:
    """What became of the items; ``left``: the places that were not run, because the chunk was asked to stop.

    ``error``: why no more of the batch can be run at all, such as a file that changed. ``costs``: what its last run
    took.
    """

    degraded: int = 0
    failed: int = 0
    left: list[list[int]] = field(default_factory=list)
    error: str = ""
    costs: Costs | None = field(default=None, compare=False)
    more: list["ChunkDone"] = field(default_factory=list)
    """What became of the chunks after it, as far as they were begun."""
    rungs: dict[str, int] = field(default_factory=dict)
    """How many of the degraded each rung served."""
    held: list[list[int]] = field(default_factory=list)
    """Of what is left, what the open circuit refused and nobody else served; that it was open, why, until when."""
    held_reason: str = ""
    held_until: float | None = None


@dataclass(frozen=True)
class FailedItem:
    """An item that failed for good. ``number`` counts from 0."""

    number: int
    key: str
    error: str
    attempts: int
    final: bool = False
    """Its job said that trying again will not help, or the item cannot be read."""


@dataclass(frozen=True)
class ChunkFailures:
    """What a chunk writes down before it counts: who failed, and which numbers did not, should they have before."""

    uuid: str
    round: int
    failed: list[FailedItem] = field(default_factory=list)
    cleared: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class FindFailed:
    """A page of failed items that are to be run again: after ``after``, of rounds up to ``round``; ``most`` of them.

    ``under_way``: rounds that have not ended. What failed in them is not counted yet, and may be run once more by them.
    """

    uuid: str
    chunk_size: int
    group: str = ""
    after: int = -1
    round: int = 0
    most: int = 0
    under_way: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class FailedPlaces:
    """Places of one chunk."""

    chunk: int
    places: list[list[int]]
    rung: str = ""
    """Who served them, where they are to be served better."""


@dataclass(frozen=True)
class FoundFailed:
    """``last``: the page ends here; None: there are no more."""

    chunks: list[FailedPlaces] = field(default_factory=list)
    last: int | None = None


@dataclass(frozen=True)
class AskService:
    """May so many items of the next piece be begun, which call this service? ``running``: the rounds that still do.

    ``number`` rises from question to question. ``count`` 0: nothing is wanted now, only said what runs.
    """

    uuid: str
    service: str
    number: int
    round: int
    count: int
    running: list[int] = field(default_factory=list)
    wants: int = 0
    lease: float = 600.0
    again: int = 0
    """Calls beyond one for each item, of what has ended since the last question."""


@dataclass(frozen=True)
class ServiceSays:
    """``granted`` items may be begun; 0: not before ``wait`` seconds have passed, because of ``cause``.

    ``cause`` is "budget" (``limit`` in ``per_seconds``, shared with ``others``) or "circuit" (its ``state``, and the
    ``reason`` for it); ``until``: when that ends, where it is known.
    """

    granted: int = 0
    wait: float = 0.0
    cause: str = ""
    limit: int = 0
    per_seconds: float = 0.0
    others: int = 0
    state: str = ""
    until: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class BatchEvent:
    """Something to be written down: who did what, and why. ``cause`` is for programs, ``reason`` for people.

    Of an order: ``action`` is what was wanted, ``what`` what it changed or why it did not, in words, and ``details``
    its numbers.
    """

    number: int
    at: float
    kind: str
    cause: str = ""
    reason: str = ""
    actor: str = ""
    order: str = ""
    action: str = ""
    what: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchNews:
    """What a batch has to be written down: events by number, and how it stands, as ``get_progress`` tells it."""

    ref: BatchRef
    run_id: str
    written: int
    at: float
    told: dict[str, Any]
    events: list[BatchEvent] = field(default_factory=list)
    result: dict[str, Any] | None = None
    """What it returns, when it closes."""
    alone: list[dict[str, Any]] = field(default_factory=list)
    """Children that go on then, each as ``batch_children.Alone``."""
    groups: list[dict[str, Any]] = field(default_factory=list)
    """All of its groups then, as ``get_progress`` tells some of them."""


@dataclass(frozen=True)
class Gathered:
    """``results``: one file with what the jobs returned, as a reference; None where there is nothing."""

    results: dict[str, Any] | None = None
    failed_items: list[dict[str, str]] = field(default_factory=list)
