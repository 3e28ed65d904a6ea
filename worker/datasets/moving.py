"""Moves data sets by reference: loads and stores, verifies, hands to a processor; stops when it is told to. Pure."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from worker.dataset_contract import LoadSet, ProcessSet, SetReference
from worker.datasets.kinds import kind_of
from worker.datasets.named import loader_of, processor_of
from worker.datasets.references import BadSource
from worker.payloads.folder import Owner
from worker.payloads.troubles import not_whole
from worker.reading import MAX_OBJECT, size_of


class Stopped(Exception):
    """Nobody waits for it any more."""


class Moving:
    """How far it is, and whether it should go on; asked and set by other threads."""

    def __init__(self) -> None:
        self.bytes = 0
        self.stopped = False

    def passed(self, number: int) -> None:
        self.bytes += number
        if self.stopped:
            raise Stopped("It was told to stop.")


def load(given: LoadSet, owner: Owner, moving: Moving) -> SetReference:
    """Raises BadSource, NotStored, and what the loader raises; then nothing of it is stored."""
    kept = kind_of(given.kind)
    found, args = loader_of(given.loader, given.args)
    stored = kept.put(owner, _watched(found.function(**args), moving))
    return SetReference(given.kind, stored.key, stored.sha256, stored.size)


def _watched(parts: Iterable[bytes], moving: Moving) -> Iterator[bytes]:
    """An error of the loader's own files is not one of the storage."""
    try:
        for part in parts:
            moving.passed(len(part))
            yield part
    except OSError as error:
        raise BadSource(f"What should be loaded cannot be read: {error.strerror or error}.") from error


def verify(given: SetReference) -> int:
    """Its size. Raises NotRead where it is not what was stored."""
    size = kind_of(given.kind).verify(given.key)
    if size != given.size or given.sha256 not in given.key:
        raise not_whole(f"The data set {given.key}")
    return size


def process(given: ProcessSet, moving: Moving) -> Any:
    """What the processor gives. Where it has read all of it, that was the very bytes that were stored."""
    found, args = processor_of(given.processor, given.args)
    with kind_of(given.data.kind).open(given.data.key) as file:
        summed = _Summed(file, moving)
        result = found.function(data=io.BufferedReader(summed, 1_048_576), **args)
    if summed.ended and summed.sum.hexdigest() != given.data.sha256:
        raise not_whole(f"The data set {given.data.key}")
    if size_of(result) > MAX_OBJECT:
        raise BadSource(f"The processor {given.processor!r} gave more than {MAX_OBJECT:,} characters, or no JSON.")
    return result


class _Summed(io.RawIOBase):
    """A file whose bytes are summed as they are read."""

    def __init__(self, file: BinaryIO, moving: Moving) -> None:
        self._file, self._moving = file, moving
        self.sum = hashlib.sha256()
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self.ended = not data
        self.sum.update(data)
        self._moving.passed(len(data))
        buffer[: len(data)] = data
        return len(data)


def clean_up(kind: str, owner: Owner) -> int:
    """Everything that this run has stored there; how many there were.

    What is too damaged to say whose it is goes, too: it is of this workflow, and no other run of it is open.
    """
    kept = kind_of(kind)
    keys = [each.key for each in kept.of(owner) if each.owner in (owner, None)]
    for key in keys:
        kept.remove(key)
    return len(keys)
