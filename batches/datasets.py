"""The data sets that come with Leitstand: a file that may be read, or numbers; counted, or summed up by a column."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from worker.chunks import folders
from worker.datasets.named import loader, processor
from worker.datasets.records import columns_of, item_of, records
from worker.datasets.references import CSV, FORMATS, BadSource, Reference, open_reference
from worker.reading import as_number
from worker.registry import checked

BLOCK = 1_048_576
MOST = 1_000_000_000


@loader("file", title="a file below the folders that batches may read")
def file(*, uri: str, sha256: str = "") -> Iterator[bytes]:
    """Its checksum is compared where it is named, by what is loaded of it."""
    with open_reference(Reference(uri=uri, sha256=sha256), folders.readable()) as opened:
        while block := opened.read(BLOCK):
            yield block


def _too_many(args: dict[str, Any]) -> list[str]:
    return [] if 1 <= args.get("count", 1) <= MOST else [f"count must be from 1 to {MOST:,}."]


@loader("numbers", title="so many numbers, each a line of JSON")
@checked(wrong=_too_many)
def numbers(*, count: int = 1_000_000) -> Iterator[bytes]:
    """1, 2, 3 and so on."""
    for start in range(1, count + 1, 10_000):
        lines = (b'{"value": %d}\n' % number for number in range(start, min(start + 10_000, count + 1)))
        yield b"".join(lines)


@processor("count", title="counts its lines and bytes")
def count(*, data: BinaryIO) -> dict[str, int]:
    lines = size = 0
    while block := data.read(BLOCK):
        lines += block.count(b"\n")
        size += len(block)
    return {"lines": lines, "bytes": size}


@processor("sum", title="adds up a column of CSV or JSON lines")
@checked(wrong=lambda args: [] if args.get("format", CSV) in FORMATS else ["format must be csv or jsonl."])
def summed(*, data: BinaryIO, column: str = "value", format: str = "jsonl") -> dict[str, Any]:
    """Rows whose value is no number are counted apart."""
    columns: tuple[str, ...] = ()
    total, found, odd = 0.0, 0, 0
    for record in records(data, format):
        if format == CSV and not columns:
            columns = columns_of(record)
            continue
        number = _number(item_of(record.data, found + odd, columns, "").value, column)
        total, found, odd = (total + number, found + 1, odd) if number is not None else (total, found, odd + 1)
    if format == CSV and column not in columns:
        raise BadSource(f"There is no column {column!r:.80}. There are: {', '.join(columns[:20]) or 'none'}.")
    return {"total": total, "rows": found, "without_a_number": odd}


def _number(row: Any, column: str) -> float | None:
    value = row.get(column) if isinstance(row, dict) else None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return as_number(value)
