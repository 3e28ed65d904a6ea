"""Reads a data set many lines at once where each of them is a record, as nearly all are; else record by record."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from worker.datasets.records import BLANK, Record, records
from worker.datasets.references import CSV

SIZE = 1 << 17
"""Bytes that are looked at at once."""
_BLANKS = (b"\n\n", b"\n\r", b"\n ", b"\n\t")


class Block(NamedTuple):
    """Lines, each of which is a record, and where they begin."""

    offset: int
    data: bytes


def pieces(
    file: BinaryIO, format: str, seen: Callable[[bytes], None], one_by_one: bool = False
) -> Iterator[Record | Block]:
    """The whole file, from its beginning; the first record by itself. ``seen`` is told every byte. Raises BadSource."""
    summed = _Summed(file, seen)
    at = lines = 0
    until = 1
    while True:
        for record in records(summed, format, at, lines):
            yield record
            if record.offset + len(record.data) >= until:
                break
        else:
            return
        at, lines = record.offset + len(record.data), record.line - 1 + record.data.count(b"\n")
        while not one_by_one and (data := _plain(file, format, at)):
            seen(data)
            yield Block(at, data)
            at, lines = at + len(data), lines + data.count(b"\n")
        until = at + SIZE


def _plain(file: BinaryIO, format: str, at: int) -> bytes:
    """What comes next, if it is lines that are a record each; nothing where one is blank, may go on, or has no end."""
    data = file.read(SIZE)
    data = data[: data.rfind(b"\n") + 1]
    if data[:1] in BLANK or (format == CSV and b'"' in data) or any(each in data for each in _BLANKS):
        data = b""
    file.seek(at + len(data))
    return data


def first_lines(data: bytes, number: int) -> tuple[int, bytes, bytes]:
    """So many whole lines, or as many as there are: their number, they, and the rest."""
    parts = data.split(b"\n", number)
    rest = parts[-1]
    return len(parts) - 1, data[: len(data) - len(rest)], rest


class _Summed:
    """A file whose bytes are told as they are read."""

    def __init__(self, file: BinaryIO, add: Callable[[bytes], None]) -> None:
        self._file, self._add = file, add

    def readline(self, limit: int, /) -> bytes:
        line = self._file.readline(limit)
        self._add(line)
        return line
