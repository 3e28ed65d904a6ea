"""A look at a data set before anything is done: its format, its first items, how many, what is wrong; bounded."""

import hashlib
import json
import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from worker.datasets import records as splitting
from worker.datasets.index import who_is_twice
from worker.datasets.keys import digest_of
from worker.datasets.records import BLANK, BOM, Item, Record, columns_of, records
from worker.datasets.references import CSV, JSONL, BadSource, Reference, open_reference

READ = 8_000_000
"""Bytes of which the items are looked at: about a second. The rest is counted when the batch begins."""
SUMMED = 2_000_000_000
"""Bytes up to which a file is summed as a whole."""
SHOWN, NAMED, MANY = 8, 8, 1_000
BLOCK = 1_000_000


@dataclass(frozen=True)
class Problem:
    """A row that cannot be read, by its line."""

    line: int
    words: str


@dataclass(frozen=True)
class Look:
    """``items`` of the first ``read`` bytes; ``sha256`` is of the whole file, or empty where it is too big for that."""

    format: str
    columns: tuple[str, ...]
    first: tuple[Item, ...]
    items: int
    bad: int
    problems: tuple[Problem, ...]
    """The first of the ``bad`` items."""
    key_problem: str
    size: int
    read: int
    changed_ns: int
    sha256: str

    @property
    def whole(self) -> bool:
        return self.read >= self.size

    @property
    def about(self) -> int:
        """So many items there are in the whole file, if it goes on as it begins."""
        return self.items if self.whole else round(self.items * self.size / max(1, self.read))

    @property
    def mark(self) -> str:
        """Another one where it is another file."""
        return self.sha256 or f"{self.size}-{self.changed_ns}"


def look(
    source: Reference, folders: Sequence[str | os.PathLike[str]], *, key_column: str = "", read: int = READ
) -> Look:
    """Raises BadSource for what could not be begun at all, in the words of the one who would begin it."""
    with open_reference(source, folders) as file:
        return look_at(file, source, key_column=key_column, read=read)


def look_at(file: BinaryIO, source: Reference, *, key_column: str = "", read: int = READ) -> Look:
    found = os.fstat(file.fileno())
    head = _Head(file, read)
    looking = _Looking(source.format, key_column)
    looking.read_all(head)
    whole = head.taken >= found.st_size
    sha256 = head.sum.hexdigest() if whole else source.sha256 or _sum_of(file, head, found.st_size)
    if source.sha256 and sha256 != source.sha256.lower():
        raise BadSource("The checksum of the file is not the one that was named: it is another file, or damaged.")
    return Look(
        format=source.format,
        columns=looking.columns,
        first=tuple(looking.first),
        items=looking.items,
        bad=looking.bad,
        problems=tuple(looking.problems),
        key_problem=looking.key_problem or looking.named_twice(file, read),
        size=found.st_size,
        read=head.taken,
        changed_ns=found.st_mtime_ns,
        sha256=sha256,
    )


def format_of(name: str, begin: bytes) -> str:
    """By the ending of its name; else by how it begins: JSON lines begin with an object, a list or a text in quotes."""
    ending = name.rpartition(".")[2].lower()
    if ending in ("jsonl", "ndjson", "csv"):
        return CSV if ending == "csv" else JSONL
    line = begin.removeprefix(BOM).lstrip(BLANK).splitlines()[:1]
    if not line or line[0][:1] not in (b"{", b"[", b'"'):
        return CSV
    try:
        json.loads(line[0])
    except (ValueError, RecursionError):
        return JSONL if line[0][:1] == b"{" else CSV
    return JSONL


class _Head:
    """The lines of a file up to so many bytes, summed as they are read. ``cut``: there were more."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.taken, self.cut = 0, False
        self.sum = hashlib.sha256()

    def readline(self, limit: int, /) -> bytes:
        if self.taken >= self._most:
            self.cut = True
            return b""
        line = self._file.readline(limit)
        self.sum.update(line)
        self.taken += len(line)
        return line


class _Looking:
    """One pass over the lines of a file."""

    def __init__(self, format: str, key_column: str) -> None:
        self.format, self.key_column = format, key_column
        self.columns: tuple[str, ...] = ()
        self.first: list[Item] = []
        self.items = self.bad = 0
        self.problems: list[Problem] = []
        self.key_problem = ""
        self._keys = array("Q")
        self._waiting: list[Record] = []

    def read_all(self, head: _Head) -> None:
        try:
            for record in records(head, self.format):
                self._take(record)
        except BadSource:
            if not head.cut:  # else a row was cut where the look ended
                raise
        self._note()
        if not self.items:
            what = "only the names of its columns" if self.columns else "nothing"
            raise BadSource(f"The file holds {what}, so there is nothing to do.")

    def _take(self, record: Record) -> None:
        if self.format == CSV and not self.columns:
            self.columns = columns_of(record)
            self._check_key_column()
            return
        self._waiting.append(record)
        if len(self._waiting) >= MANY:
            self._note()

    def _check_key_column(self) -> None:
        if self.key_column and self.key_column not in self.columns:
            named = ", ".join(self.columns[:20])
            self.key_problem = f"There is no column {self.key_column!r:.80} that could name the items, only: {named}."
            self.key_column = ""

    def _note(self) -> None:
        items = splitting.items_of(self._waiting, self.items, self.columns, self.key_column)
        for item, record in zip(items, self._waiting, strict=True):
            if item.error:
                self.bad += 1
                self.problems += [Problem(record.line, item.error)] if len(self.problems) < NAMED else []
            elif self.key_column:
                self._keys.append(digest_of(item.key))
        self.first += items[: SHOWN - len(self.first)]
        self.items += len(items)
        self._waiting = []

    def named_twice(self, file: BinaryIO, read: int) -> str:
        """In words, if two items have the same key."""
        ordered = sorted(self._keys)
        twice = next((one for one, other in pairwise(ordered) if one == other), None)
        if twice is None:
            return ""
        file.seek(0)
        return who_is_twice(_Head(file, read), self.format, self.key_column, twice)


def _sum_of(file: BinaryIO, head: _Head, size: int) -> str:
    """Of the whole file, of which the head was read; empty if that would take too long."""
    if size > SUMMED:
        return ""
    while block := file.read(BLOCK):
        head.sum.update(block)
    return head.sum.hexdigest()
