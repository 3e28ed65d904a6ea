"""Partial results as files, outside of every payload: whole or not there, with a checksum, the first of two counts.

``partials/<level>/<group>/<name>`` in the folder of the batch: what the maps left is level 0, what reduces made of a
group of one level lies in the next. The first line says what became of the items, and the checksum of the second, which
is a list of values.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from worker.batch_wire import ChunkDone, RunChunk
from worker.chunks import folders
from worker.compact import dumps
from worker.datasets.references import BadSource
from worker.payloads.troubles import not_written

RESULT = "result.json"
"""In the folder of the batch: what the last reduce returned."""
LARGEST = 16_000_000
"""Bytes of one partial result; of as many at once a reduce is handed them."""


@dataclass(frozen=True)
class Plan:
    """What the reduces of a batch go by."""

    reduce: str
    reduce_args: dict[str, Any]
    fan_in: int


@dataclass(frozen=True)
class Word:
    """The last word on a run of a chunk: places that went well, how many failed, what is left."""

    well: list[list[int]] = field(default_factory=list)
    failed: int = 0
    left: list[list[int]] = field(default_factory=list)

    def as_done(self) -> ChunkDone:
        return ChunkDone(failed=self.failed, left=self.left)


def folder_of(uuid: str) -> Path:
    return folders.folder_of(uuid) / "partials"


def write_plan(uuid: str, plan: Plan) -> None:
    folders.write_whole(folders.folder_of(uuid) / "reduce.json", json.dumps(asdict(plan)).encode())


@lru_cache(128)
def plan_of(uuid: str) -> Plan:
    """Read once per process: it never changes."""
    try:
        return Plan(**json.loads((folders.folder_of(uuid) / "reduce.json").read_bytes()))
    except OSError as error:
        raise BadSource(f"The folder of the batch cannot be read: {error.strerror or error}.") from None


def of_chunk(given: RunChunk) -> Path:
    group = given.chunk // plan_of(given.uuid).fan_in
    return group_of(given.uuid, 0, group) / f"{given.chunk:08}-{given.round:08}"


def of_group(uuid: str, level: int, group: int) -> Path:
    """What the reduce of this group leaves: a partial result of the next level's groups."""
    return group_of(uuid, level, group // plan_of(uuid).fan_in) / f"{group:08}"


def group_of(uuid: str, level: int, group: int) -> Path:
    """The folder with all that is reduced together."""
    return folder_of(uuid) / str(level) / str(group)


# --- writing ------------------------------------------------------------------------------------------------------


def line_of(values: Sequence[Any]) -> bytes:
    """As JSON. Raises what cannot be written raises, ValueError for NaN too."""
    return dumps(list(values)).encode()


def write(path: Path, word: Word, line: bytes) -> Word:
    """What counts now: this one, or the one that was there already. Raises NotStored; then nothing of it is there."""
    head = {"word": asdict(word), "sha256": hashlib.sha256(line).hexdigest(), "size": len(line)}
    try:
        _linked(path, json.dumps(head).encode() + b"\n" + line)
    except OSError as error:
        raise not_written(path.parent, error) from error
    return word_in(path) or word


def _linked(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".") as file:
        file.write(content)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


# --- reading ------------------------------------------------------------------------------------------------------


def word_in(path: Path) -> Word | None:
    """None where nothing was said yet."""
    try:
        with path.open("rb") as file:
            return Word(**_head(path, file.readline())["word"])
    except FileNotFoundError:
        return None


def values_in(path: Path) -> list[Any]:
    """Compared with its checksum. Raises BadSource."""
    try:
        first, _newline, line = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise BadSource(f"The partial result {path} cannot be read: {error.strerror or error}.") from None
    if hashlib.sha256(line).hexdigest() != _head(path, first).get("sha256"):
        raise BadSource(f"{_named(path)} is damaged: it is not what was written. Start the MapReduce again.")
    return list(json.loads(line))


def _head(path: Path, first: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(first))
    except (ValueError, TypeError):
        raise BadSource(f"{_named(path)} is damaged: its first line cannot be read.") from None


def _named(path: Path) -> str:
    return f"The partial result {path}"


def names_in(folder: Path) -> list[Path]:
    """In the order of the data; none where the folder is not there."""
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def words(uuid: str) -> Iterator[Word]:
    """Of all runs of chunks."""
    return (word for _chunk, word in words_by_chunk(uuid))


def words_by_chunk(uuid: str) -> Iterator[tuple[int, Word]]:
    """In the order of the data."""
    for group in sorted((folder_of(uuid) / "0").glob("*"), key=lambda folder: int(folder.name)):
        for path in names_in(group):
            if word := word_in(path):
                yield int(path.name.partition("-")[0]), word


def words_of(uuid: str, chunk: int) -> list[Word]:
    """Of all runs of one chunk. Raises BadSource."""
    group = group_of(uuid, 0, chunk // plan_of(uuid).fan_in)
    return [word for path in group.glob(f"{chunk:08}-*") if (word := word_in(path))]


def throw_away(uuid: str) -> None:
    shutil.rmtree(folder_of(uuid), ignore_errors=True)
