"""What the activities of MapReduce are given and give, beside those of batches: plain data, additive only, small."""

from dataclasses import dataclass, field
from typing import Any

from worker.batch_wire import BatchRef, RunChunk
from worker.mapreduce_contract import MapReduceSpec


@dataclass(frozen=True)
class PrepareMapReduce:
    """As a batch is prepared, with a map and a reduce in place of a job."""

    ref: BatchRef
    spec: MapReduceSpec


@dataclass(frozen=True)
class EndMap:
    """The last word on this run of a chunk, should it have none: its items failed because of ``error``, or, without
    one, are left."""

    chunk: RunChunk
    error: str = ""
    attempts: int = 0


@dataclass(frozen=True)
class ReduceGroup:
    """Make one partial result of those of one group. ``level`` counts from 1: it reduces what the level below left.

    ``top``: it makes the result itself, of nothing too.
    """

    uuid: str
    level: int
    group: int
    top: bool = False


@dataclass(frozen=True)
class GroupReduced:
    """How many partial results have become one."""

    partials: int = 0


@dataclass(frozen=True)
class CloseMapReduce:
    """``level``: the last of the tree; 0: it did not come so far, and its partial results stay where they are."""

    uuid: str
    level: int = 0


@dataclass(frozen=True)
class Reduced:
    """``value``: the result; where that is large, ``results`` refers to it. ``error``: why there is none."""

    value: Any = None
    results: dict[str, Any] | None = None
    failed_items: list[dict[str, str]] = field(default_factory=list)
    error: str = ""
