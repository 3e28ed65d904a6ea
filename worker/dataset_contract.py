"""What a DatasetWorkflow takes, and what its activities are given and give: additive changes only. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.batch_wire import BatchRef
from worker.reading import Reader, as_object

FS, S3 = "fs", "s3"


@dataclass(frozen=True)
class SetReference:
    """A data set that lies outside Temporal: which kind of storage, under which key, its checksum, its bytes."""

    kind: str
    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LoadSet:
    """Load with this loader, and store it while it comes."""

    loader: str
    args: dict[str, Any] = field(default_factory=dict)
    kind: str = FS


@dataclass(frozen=True)
class ProcessSet:
    """Process it where it lies."""

    processor: str
    args: dict[str, Any]
    data: SetReference


@dataclass(frozen=True)
class DatasetSpec:
    """One data set: where it comes from, what is done with it, where it lies meanwhile."""

    title: str
    load: LoadSet
    processor: str
    processor_args: dict[str, Any] = field(default_factory=dict)
    requester: str = ""


@dataclass(frozen=True)
class DatasetNews:
    """What one has to say, all of it each time; of two the one with the higher ``number`` counts.

    ``told``: as ``get_progress`` answers. ``result``: what it returns, once it is known.
    """

    ref: BatchRef
    number: int
    told: dict[str, Any]
    result: dict[str, Any] | None = None


def read_spec(given: Any) -> tuple[DatasetSpec | None, list[str]]:
    """The spec, or what is wrong with it, in sentences. Whether names are known is known where they are called."""
    if not isinstance(given, Mapping):
        return None, ["spec must be an object."]
    read = Reader(given)
    title = read.text("title", "Data set")
    loader, processor = read.text("loader", required=True), read.text("processor", required=True)
    kind, requester = read.text("kind", FS), read.text("requester")
    loader_args, processor_args = _args(read, "loader_args"), _args(read, "processor_args")
    if read.errors:
        return None, read.errors
    return DatasetSpec(title, LoadSet(loader, loader_args, kind or FS), processor, processor_args, requester), []


def _args(read: Reader, name: str) -> dict[str, Any]:
    value = read.given.get(name)
    return {} if value is None else as_object(read, name, value)
