"""Failures, results and groups as files, written while they are read: in constant memory, whatever their number."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.canonical import moment
from audit.exports import TYPES, cell
from batches import item_groups
from batches.models import Batch, Failure
from worker.chunks import folders, returned

FAILURES, RESULTS, GROUPS = "failures", "results", "groups"
FORMS = tuple(TYPES)
ROWS = 1_000
MUCH = 500_000
"""Bytes of results in one piece, or a little more."""

COLUMNS = {
    FAILURES: ("item", "number", "error", "attempts", "final", "group", "at"),
    RESULTS: ("item", "number", "result", "rung"),
    GROUPS: ("group", "items", "succeeded", "degraded", "failed", "not_run", "state"),
}
"""As CSV ``number`` counts from 1, as the pages do; as JSON lines from 0, as in the file of results."""

Line = Mapping[str, Any]
Pieces = Iterator[str]


def texts(batch: Batch, what: str, form: str, group: str = "") -> Pieces:
    """The whole file in pieces, in the order of the items."""
    if form == "csv":
        yield ",".join(COLUMNS[what]) + "\r\n"
    if what == GROUPS:
        yield _WRITING[form](GROUPS, list(item_groups.lines(batch)))
        return
    yield from _failures(batch, form, group) if what == FAILURES else _results(batch, form)


def _failures(batch: Batch, form: str, group: str) -> Pieces:
    rows, last = Failure.objects.filter(batch=batch).order_by("number"), -1
    if group:
        rows = rows.filter(fingerprint=group)
    while found := list(rows.filter(number__gt=last)[:ROWS]):
        yield _WRITING[form](FAILURES, [_values(failure) for failure in found])
        last = found[-1].number


def _values(failure: Failure) -> Line:
    return {
        "item": failure.key,
        "number": failure.number,
        "error": failure.error,
        "attempts": failure.attempts,
        "final": failure.final,
        "group": failure.fingerprint,
        "at": moment(failure.at),
    }


def _results(batch: Batch, form: str) -> Pieces:
    """As they were written down: what a job returned, as JSON."""
    lines = returned.of_all(str(batch.uuid))
    while piece := list(_some(lines)):
        if form == "jsonl":
            yield b"".join(piece).decode()
        else:
            yield as_csv(RESULTS, [json.loads(line) for line in piece])


def _some(lines: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for line in islice(lines, ROWS):
        yield line
        size += len(line)
        if size > MUCH:
            return


def as_csv(what: str, lines: list[Line]) -> str:
    """No cell can be taken for a formula by the program that opens it."""
    out = io.StringIO()
    writing = csv.writer(out)
    for line in lines:
        counted = {**line, "number": line["number"] + 1} if "number" in line else line
        writing.writerow([cell(counted.get(column, "")) for column in COLUMNS[what]])
    return out.getvalue()


def as_jsonl(_what: str, lines: list[Line]) -> str:
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)


_WRITING: dict[str, Callable[[str, list[Line]], str]] = {"csv": as_csv, "jsonl": as_jsonl}


def unreadable(batch: Batch) -> str:
    """Why there is no file where there should be one: better than an empty one. "" where there is."""
    if not (batch.succeeded or batch.degraded) or folders.folder_of(str(batch.uuid)).is_dir():
        return ""
    return _("The folder of the batch, with what its jobs returned, cannot be read from here.")


def name_of(batch: Batch, what: str, form: str) -> str:
    """Of a batch that goes on it says that this is not all."""
    so_far = "" if batch.closed_at else "-so-far"
    return f"{batch.reference}-{what}{so_far}-{timezone.localtime():%Y-%m-%d-%H%M}.{form}"
