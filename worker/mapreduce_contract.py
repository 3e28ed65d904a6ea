"""What a MapReduce is started with, read by hand from untrusted JSON. Nothing here raises for rubbish. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.batch_contract import FAIL, MAX_CHUNK, MAX_PARALLEL, PAUSE, BatchSpec, ParsedSpec, SourceSpec, source_of
from worker.reading import Reader, as_object

MAP_SECONDS, REDUCE_SECONDS = 300.0, 600.0
ATTEMPTS = 3
FAN_IN = 32
MOST_FAN_IN = 1_000
LARGEST_RESULT = 50_000
"""Bytes of JSON of a result that is returned as it is; a larger one is returned by reference."""


@dataclass(frozen=True)
class MapReduceSpec(BatchSpec):
    """A batch whose ``job`` is a map, called once for a chunk; ``fan_in`` partial results are reduced at once."""

    reduce: str = ""
    reduce_args: dict[str, Any] = field(default_factory=dict)
    fan_in: int = FAN_IN


_KNOWN = {
    "title", "requester", "map_args", "reduce_args", "item_key", "tolerated_failure_rate", "on_tolerance", "fan_in",
}  # fmt: skip


def read_call(given: Sequence[Any]) -> ParsedSpec:
    """Of dataset, map_activity, reduce_activity, chunk_size, max_parallel and options; all that is wrong with them."""
    names = ("dataset", "map_activity", "reduce_activity", "chunk_size", "max_parallel", "options")
    read = Reader(dict(zip(names, given, strict=False)))
    options = read.given.get("options")
    if options is not None and not isinstance(options, Mapping):
        read.errors.append("options must be an object, or null.")
    more = Reader(options if isinstance(options, Mapping) else {})
    job, reduce = read.text("map_activity", required=True), read.text("reduce_activity", required=True)
    spec = MapReduceSpec(
        title=more.text("title") or f"{job} and {reduce}"[:200],
        job=job,
        job_args=_args(more, "map_args"),
        source=_dataset(read),
        item_key=more.text("item_key"),
        chunk_size=read.whole("chunk_size", 1, MAX_CHUNK) or 100,
        max_parallel=read.whole("max_parallel", 1, MAX_PARALLEL) or 10,
        chunk_timeout_seconds=MAP_SECONDS,
        tolerated_failure_rate=_rate(more),
        on_tolerance=_on_tolerance(more),
        requester=more.text("requester"),
        reduce=reduce,
        reduce_args=_args(more, "reduce_args"),
        fan_in=more.whole("fan_in", 2, MOST_FAN_IN) or FAN_IN,
    )
    errors = [*read.errors, *(f"options: {error}" for error in more.errors)]
    return ParsedSpec(None if errors else spec, tuple(errors), tuple(more.unknown(_KNOWN)))


def _dataset(read: Reader) -> SourceSpec:
    """A list of items, of none even, or a source as a batch has it."""
    given = read.given.get("dataset")
    if isinstance(given, Mapping) and given.get("items") == [] and set(given) <= {"items", "format"}:
        given = []
    if isinstance(given, list):
        if not given:
            return SourceSpec(items=[])
        read.given = {**read.given, "dataset": {"items": given}}
    elif not isinstance(given, Mapping):
        read.errors.append("dataset must be a list of items, or an object with one of uri, items and failed_of.")
        return SourceSpec()
    return source_of(read, "dataset")


def _args(read: Reader, name: str) -> dict[str, Any]:
    given = read.given.get(name)
    return {} if given is None else as_object(read, name, given)


def _rate(read: Reader) -> float:
    rate = read.number("tolerated_failure_rate", 0, 1)
    return 0.10 if rate is None else rate


def _on_tolerance(read: Reader) -> str:
    value = read.given.get("on_tolerance")
    if value not in (None, FAIL, PAUSE):
        read.errors.append(f"on_tolerance must be {FAIL} or {PAUSE}.")
    return value if value in (FAIL, PAUSE) else FAIL
