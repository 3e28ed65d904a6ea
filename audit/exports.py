"""The ledger as a file, written while it is read: the first lines are on their way before the last are looked up."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from audit import queries, subjects
from audit.canonical import moment
from audit.models import Entry
from live.threads import Pool

CHUNK = 1_000
COLUMNS = (
    *("id", "at", "kind", "actor", "known", "stream", "seq", "subject"),
    *("workflow_id", "run_id", "data", "hash", "prev_hash"),
)
_reading = Pool("audit-export", 2)

Writing = Callable[[Sequence[Entry]], str]


def as_csv(entries: Sequence[Entry]) -> str:
    """A line for each. No cell can be taken for a formula by the program that opens it."""
    named = subjects.of(entry.stream for entry in entries)
    out = io.StringIO()
    lines = csv.writer(out)
    for entry in entries:
        values = _values(entry) | {"subject": named[entry.stream].label if entry.stream in named else ""}
        lines.writerow([cell(values[column]) for column in COLUMNS])
    return out.getvalue()


def cell(value: Any) -> str:
    """The text of a cell; one that a spreadsheet would calculate gets an apostrophe before it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def as_jsonl(entries: Sequence[Entry]) -> str:
    """A line for each, with the text over which the hash goes: what one needs to check it elsewhere."""
    lines = ({**_values(entry), "body": entry.body} for entry in entries)
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)


def _values(entry: Entry) -> dict[str, Any]:
    plain = {name: getattr(entry, name) for name in COLUMNS if name not in ("at", "data", "subject")}
    return {**plain, "at": moment(entry.at), "data": entry.data}


HEADERS = {"csv": ",".join(COLUMNS) + "\r\n", "jsonl": ""}
WRITING: dict[str, Writing] = {"csv": as_csv, "jsonl": as_jsonl}
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def texts(rows: QuerySet[Entry], kind: str) -> Iterator[str]:
    """The whole file in pieces, oldest entry first, up to the one that is the last as it begins."""
    if HEADERS[kind]:
        yield HEADERS[kind]
    rows, last = rows.filter(id__lte=queries.head()), 0
    while entries := list(rows.filter(id__gt=last).order_by("id")[:CHUNK]):
        yield WRITING[kind](entries)
        last = entries[-1].pk


async def streamed(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Each piece is read in a thread. Handed over as it is, Django would collect them all before it sends the first."""
    while (piece := await _reading.run(next, pieces, None)) is not None:
        yield piece
