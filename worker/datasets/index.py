"""An index of a data set: where each chunk lies, how many items it has, and a checksum, so that it is read by itself.

Made in one pass over the file, which checks size and SHA-256 of the whole; written beside it and then moved to its
place, so that there is a whole one or none. While items are read, each chunk is compared with its checksum: a file that
was changed meanwhile is noticed.
"""

import hashlib
import json
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from worker.datasets import records as splitting
from worker.datasets.blocks import Block, first_lines, pieces
from worker.datasets.keys import Keys, digest_of, keys_beside
from worker.datasets.records import LONGEST, Item, Lines, Record, columns_of, item_of, records
from worker.datasets.references import CSV, BadSource, Reference, open_reference
from worker.whole import whole

_ENTRY = struct.Struct(">QQ16s")
BEAT_EVERY = 5_000
MANY = 1_000


class Empty(BadSource):
    """There is no item in it."""


@dataclass(frozen=True)
class Scanned:
    """What is known of a data set once it was read: ``chunks`` of ``chunk_size`` items each, the last perhaps less."""

    items: int
    chunks: int
    chunk_size: int
    sha256: str
    size: int
    columns: tuple[str, ...] = ()

    def items_of(self, chunk: int) -> int:
        return min(self.chunk_size, self.items - chunk * self.chunk_size)


def scan(
    source: Reference,
    folders: Sequence[str | os.PathLike[str]],
    to: Path,
    *,
    chunk_size: int,
    key_column: str = "",
    beat: Callable[[int], None] = lambda _items: None,
) -> Scanned:
    """Read it once, and write its index to ``to``. Raises BadSource. ``beat`` is told every few thousand items."""
    with open_reference(source, folders) as file:
        before = os.fstat(file.fileno())
        making = _Making(chunk_size, key_column, source.format, beat)
        making.read(file)
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise BadSource("The file was changed while it was read. Start again with one that stays.")
        if twice := making.named_twice():
            file.seek(0)
            raise BadSource(who_is_twice(file, source.format, key_column, twice))
        done = making.end(source, after.st_size)
    if key_column:
        making.keys.write(keys_beside(to))
    _write(to, done, bytes(making.entries))
    return done


class _Making:
    """One pass over a file."""

    def __init__(self, chunk_size: int, key_column: str, format: str, beat: Callable[[int], None]) -> None:
        self.chunk_size, self.key_column, self.format, self.beat = chunk_size, key_column, format, beat
        self.columns: tuple[str, ...] = ()
        self.entries = bytearray()
        self.items = 0
        self._whole, self._chunk = hashlib.sha256(), hashlib.sha256()
        self.keys = Keys()
        self._waiting: list[Record] = []
        self._size = 0
        self._begin = self._end = 0

    def read(self, file: BinaryIO) -> None:
        """Where nobody asks for their keys, many lines at once."""
        for piece in pieces(file, self.format, self._whole.update, one_by_one=bool(self.key_column)):
            if isinstance(piece, Block):
                self._take_lines(piece)
            elif self.format == CSV and not self.columns:
                self.columns = columns_of(piece)
                self._check_key_column()
            else:
                self._take(piece)

    def _check_key_column(self) -> None:
        if self.key_column and self.key_column not in self.columns:
            named = ", ".join(self.columns[:20])
            raise BadSource(f"There is no column {self.key_column!r:.80} that could name the items, only: {named}.")

    def _take_lines(self, block: Block) -> None:
        at, rest = block.offset, block.data
        while rest:
            room = self.chunk_size - self.items % self.chunk_size
            number, lines, rest = first_lines(rest, min(room, BEAT_EVERY - self.items % BEAT_EVERY))
            self._add(at, lines, number)
            at += len(lines)

    def _take(self, record: Record) -> None:
        self._add(record.offset, record.data, 1)
        if self.key_column:
            self._waiting.append(record)
            self._size += len(record.data)
            if len(self._waiting) >= MANY or self._size >= LONGEST:
                self._note_keys()

    def _add(self, offset: int, data: bytes, number: int) -> None:
        """So many items, of one chunk."""
        if self.items % self.chunk_size == 0:
            self._finish()
            self._begin = offset
        self._chunk.update(data)
        self._end = offset + len(data)
        self.items += number
        if self.items % BEAT_EVERY == 0:
            self.beat(self.items)

    def _finish(self) -> None:
        if self._end:
            self.entries += _ENTRY.pack(self._begin, self._end, self._chunk.digest()[:16])
        self._chunk, self._end = hashlib.sha256(), 0

    def _note_keys(self) -> None:
        """Of the records that wait: many at once are read faster."""
        first = self.items - len(self._waiting)
        if keys := splitting.keys_of(self._waiting, self.columns, self.key_column):
            for number, key in enumerate(keys, first):
                self.keys.add(key, number)
        else:
            for item in splitting.items_of(self._waiting, first, self.columns, self.key_column):
                self.keys.add(item.key if not item.error else f"{item.number} cannot be read", item.number)
        self._waiting, self._size = [], 0

    def named_twice(self) -> int | None:
        """The digest of a key that two items have."""
        self._note_keys()
        return self.keys.sort()

    def end(self, source: Reference, size: int) -> Scanned:
        self._finish()
        if not self.items:
            what = "only the names of its columns" if self.columns else "nothing"
            raise Empty(f"The file holds {what}, so there is nothing to do.")
        if source.sha256 and self._whole.hexdigest() != source.sha256.lower():
            raise BadSource("The checksum of the file is not the one that was named: it is another file, or damaged.")
        chunks = -(-self.items // self.chunk_size)
        return Scanned(self.items, chunks, self.chunk_size, self._whole.hexdigest(), size, self.columns)


def who_is_twice(file: Lines, format: str, key_column: str, twice: int) -> str:
    """In words, with the lines of the first two items whose key has this digest."""
    columns: tuple[str, ...] = ()
    lines, key = [], ""
    for record in records(file, format):
        if format == CSV and not columns:
            columns = columns_of(record)
        elif digest_of((item := item_of(record.data, 0, columns, key_column)).key) == twice and not item.error:
            lines.append(f"{record.line:,}")
            key = item.key
            if len(lines) == 2:
                break
    where = f"{key!r:.80} is in lines {' and '.join(lines[:2])}"
    return f"Two items have the same {key_column!r:.80}: {where}. Choose a column that names each once."


def _write(to: Path, scanned: Scanned, entries: bytes) -> None:
    """A header line of JSON, then an entry for each chunk."""
    with whole(to) as file:
        file.write(json.dumps(asdict(scanned)).encode() + b"\n" + entries)
        file.flush()
        os.fsync(file.fileno())


# --- reading ------------------------------------------------------------------------------------------------------


def known(index: Path) -> Scanned:
    """What the scan found. Raises BadSource where the index is gone."""
    with _opened(index) as file:
        return _header(file)


def items_of(
    source: Reference, folders: Sequence[str | os.PathLike[str]], index: Path, chunk: int, key_column: str = ""
) -> list[Item]:
    """The items of one chunk, compared with its checksum. Raises BadSource where the file is another one now."""
    with _opened(index) as file:
        scanned = _header(file)
        if not 0 <= chunk < scanned.chunks:
            raise BadSource(f"There is no chunk {chunk}: it has {scanned.chunks}.")
        file.seek(chunk * _ENTRY.size, os.SEEK_CUR)
        begin, end, digest = _ENTRY.unpack(file.read(_ENTRY.size))
    first = chunk * scanned.chunk_size
    with open_reference(source, folders) as data:
        data.seek(begin)
        raw = data.read(end - begin)
        if hashlib.sha256(raw).digest()[:16] == digest and (
            items := splitting.together(raw, scanned.items_of(chunk), first, scanned.columns, key_column)
        ):
            return items
        data.seek(begin)
        found = list(records(_Part(data, end - begin), source.format))
    summed = hashlib.sha256(b"".join(record.data for record in found)).digest()[:16]
    if summed != digest:
        raise BadSource("The file was changed after the batch had begun: this part of it is not what it was.")
    return splitting.items_of(found, first, scanned.columns, key_column)


class _Part:
    """So many bytes of a file, from where it stands."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file, self._left = file, left

    def readline(self, limit: int, /) -> bytes:
        line = self._file.readline(min(limit, self._left))
        self._left -= len(line)
        return line


def _opened(index: Path) -> BinaryIO:
    try:
        return index.open("rb")
    except OSError as error:
        raise BadSource(f"The index {index} cannot be read: {error.strerror or error}.") from None


def _header(file: BinaryIO) -> Scanned:
    given = json.loads(file.readline())
    return Scanned(**{**given, "columns": tuple(given["columns"])})
