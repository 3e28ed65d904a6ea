"""Splits a file into records as it is read, never as a whole: lines of JSON, or rows of CSV that may span lines."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Protocol

from worker.datasets.references import CSV, BadSource

LONGEST = 1_000_000
"""Bytes of one record."""
BOM = b"\xef\xbb\xbf"
BLANK = b"\r\n\t "


class Lines(Protocol):
    """A file, or a part of one, as far as records need it."""

    def readline(self, limit: int, /) -> bytes: ...


class Record(NamedTuple):
    """The bytes of one record, where they begin, and its line (from 1)."""

    offset: int
    line: int
    data: bytes


class Item(NamedTuple):
    """What is handed to a job: its number from 0, its key, its value; or ``error`` in words, if it cannot be read."""

    number: int
    key: str
    value: Any = None
    error: str = ""


def records(file: Lines, format: str, at: int = 0, lines: int = 0) -> Iterator[Record]:
    """Every record that is not blank, after so many bytes and lines of it.

    Raises BadSource for one that is too long to be one, or a quote without end.

    A row of CSV ends where the number of its quotes is even (RFC 4180 doubles a quote within quotes).
    """
    while raw := file.readline(LONGEST + 1):
        start, first = at, lines + 1
        data, parts = raw, 1
        if len(raw) > LONGEST or (format == CSV and raw.count(b'"') % 2):
            data, parts = _whole(file, raw, first, format)
        at, lines = at + len(data), lines + parts
        if data.strip(BLANK if start else BLANK + BOM):
            yield Record(start, first, data)


def _whole(file: Lines, raw: bytes, first: int, format: str) -> tuple[bytes, int]:
    """A record whose first line is not all of it, and of how many lines it is."""
    parts, size, quotes = [raw], len(raw), raw.count(b'"') if format == CSV else 0
    while quotes % 2 and size <= LONGEST and (more := file.readline(LONGEST + 1)):
        parts.append(more)
        size, quotes = size + len(more), quotes + more.count(b'"')
    if size > LONGEST:
        raise BadSource(f"Line {first} is longer than {LONGEST:,} bytes. Is this {format}?")
    if quotes % 2:
        raise BadSource(f"Line {first}: a quote is opened and never closed.")
    return b"".join(parts), len(parts)


def columns_of(record: Record) -> tuple[str, ...]:
    """The names in the first row of a CSV file."""
    try:
        names = tuple(name.strip() for name in _cells(record.data.removeprefix(BOM)))
    except ValueError as error:
        raise BadSource(f"The first row, with the names of the columns, cannot be read. {_words(error)}") from None
    if not all(names):
        raise BadSource(f"Column {names.index('') + 1} has no name in the first row.")
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadSource(f"Two columns are called {twice!r:.80}.")
    return names


def items_of(found: Sequence[Record], first: int, columns: Sequence[str], key_column: str) -> list[Item]:
    """The items of these records, numbered from ``first`` on: all rows at once if each can be read, which is faster."""
    together = b"".join(each.data for each in found)
    if columns and (items := rows_of(together, len(found), first, columns, key_column)):
        return items
    return [item_of(each.data, first + place, columns, key_column) for place, each in enumerate(found)]


def together(data: bytes, number: int, first: int, columns: Sequence[str], key_column: str) -> list[Item]:
    """All at once, which is faster; empty where any of them cannot be read."""
    if columns:
        return rows_of(data, number, first, columns, key_column)
    return lines_of(data, number, first, key_column)


def rows_of(data: bytes, number: int, first: int, columns: Sequence[str], key_column: str) -> list[Item]:
    """So many rows of CSV as items; empty where any of them cannot be read: then each is to be looked at by itself."""
    rows = _all_rows(data, number, len(columns)) if columns else []
    keys = _all_keys(rows, first, columns, key_column)
    if not keys:
        return []
    values = [dict(zip(columns, row)) for row in rows]  # noqa: B905 - as wide as each other, which was looked at
    return list(map(Item._make, zip(range(first, first + len(rows)), keys, values, repeat(""))))


def keys_of(found: Sequence[Record], columns: Sequence[str], key_column: str) -> list[str]:
    """Of all these rows of CSV; empty where any of them cannot be read, or has none."""
    together = b"".join(each.data for each in found)
    return _all_keys(_all_rows(together, len(found), len(columns)), 0, columns, key_column) if columns else []


def lines_of(data: bytes, number: int, first: int, key_column: str) -> list[Item]:
    """So many lines of JSON as items; empty where any of them cannot be read, or has blanks about it: then each is to
    be looked at by itself. Each value begins and ends with a line: if the last of so many is at the end of the data,
    each has a line of its own.
    """
    at, values = 0, []
    try:
        text = data.decode()
        for _ in range(number):
            value, at = _scan(text, at)
            if not text.startswith("\n", at) and at != len(text):
                return []
            values.append(value)
            at += 1
        keys = [_key_of(value, key_column) for value in values] if key_column else _numbered(first, number)
    except (ValueError, StopIteration, RecursionError):
        return []
    return list(map(Item, range(first, first + number), keys, values)) if at >= len(text) else []


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def _numbered(first: int, number: int) -> list[str]:
    return [str(place) for place in range(first + 1, first + number + 1)]


def _all_keys(rows: Sequence[Sequence[str]], first: int, columns: Sequence[str], key_column: str) -> list[str]:
    """Empty if any row has none."""
    if not key_column:
        return [str(first + place + 1) for place in range(len(rows))]
    keys = [row[columns.index(key_column)][:200] for row in rows]
    return keys if all(map(str.strip, keys)) else []


def _all_rows(data: bytes, number: int, width: int) -> list[list[str]]:
    """Empty if any of them is none, or not as wide."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except (ValueError, csv.Error):
        return []
    return rows if len(rows) == number and all(len(row) == width for row in rows) else []


def item_of(data: bytes, number: int, columns: Sequence[str], key_column: str) -> Item:
    """A row that cannot be read is an item with an error: it fails, and the others do not."""
    named = str(number + 1)
    try:
        value = _row(data, columns) if columns else json.loads(data.removeprefix(BOM).decode())
        key = _key_of(value, key_column) if key_column else named
    except (ValueError, RecursionError) as error:
        return Item(number, named, error=_words(error))
    return Item(number, key, value)


def _row(data: bytes, columns: Sequence[str]) -> dict[str, str]:
    cells = _cells(data)
    if len(cells) != len(columns):
        raise ValueError(f"The row has {len(cells)} columns, and the first row names {len(columns)}.")
    return dict(zip(columns, cells, strict=True))


def _cells(data: bytes) -> list[str]:
    text = data.decode()
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error as error:
        raise ValueError(f"This is no row of CSV: {error}.") from None


def _key_of(value: Any, column: str) -> str:
    found = value.get(column) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float) or not str(found).strip():
        raise ValueError(f"The item has no {column!r:.80}.")
    return str(found)[:200]


def _words(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"Byte {error.start + 1} of the row is not UTF-8."
    if isinstance(error, json.JSONDecodeError):
        return f"This is not JSON: {error.msg} at character {error.pos + 1}."
    return str(error) if isinstance(error, ValueError) else "It is nested too deep."
