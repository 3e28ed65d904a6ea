"""One item of a batch, found by its key: what became of it, in which words, and what it was."""

import json
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from batches.mapped import is_mapped
from batches.models import Batch, Failure, Kind
from batches.told import Told
from worker.chunks import notes, returned
from worker.chunks.named import chunk_size_of, item_numbered, number_named
from worker.datasets.references import BadSource
from worker.resilience.ranges import Ranges

SUCCEEDED, DEGRADED, FAILED, RUNNING, PENDING = "succeeded", "degraded", "failed", "running", "pending"
NOT_RUN, UNKNOWN = "not_run", "unknown"
LONGEST = 4_000
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Found:
    """``outcome``: one of the above. ``value``: what the job was given; ``problem``: why not all can be said."""

    key: str
    outcome: str
    number: int | None = None
    failure: Failure | None = None
    returned: str = ""
    rung: str = ""
    """Who served it, where its job did not."""
    value: str = ""
    problem: str = ""
    now: bool = False
    """It is being run at this very moment."""
    again: bool = False
    """It has failed, and is being run again at this very moment."""

    @property
    def number_said(self) -> int | None:
        """From 1, as people count."""
        return None if self.number is None else self.number + 1


def find(told: Told, key: str) -> Found | None:
    """None: no item of the batch is called so. Reads the batch's files: for a thread, not for an event loop."""
    row, key = told.row, key.strip()[:200]
    failure = row.failures.filter(key=key).first()
    number = failure.number if failure else None
    if row.cleared_at:
        return Found(key, FAILED if failure else UNKNOWN, number, failure, problem=gone(row))
    try:
        if number is None and (number := number_named(str(row.uuid), key)) is None:
            return None
        return _outcome(told, key, number, failure)
    except BadSource as error:
        return Found(key, FAILED if failure else UNKNOWN, number, failure, problem=str(error))


def gone(row: Batch) -> str:
    """ "" where what it returned is still there."""
    if not row.cleared_at:
        return ""
    at = date_format(localtime(row.cleared_at), "j M Y")
    return _("What the batch left was deleted on %(at)s; only items that failed are still known.") % {"at": at}


def _outcome(told: Told, key: str, number: int, failure: Failure | None) -> Found:
    uuid = str(told.row.uuid)
    size = chunk_size_of(uuid)
    chunk, place = divmod(number, size)
    counted_in = _group_of(told, number) if told.row.told.get("groups") else chunk
    under_way = not told.ended and counted_in in Ranges(told.progress.get("chunks_running", ()))
    if told.row.kind == Kind.MAPREDUCE:
        return _mapped(told, Found(key, FAILED, number, failure), under_way)
    line = None if failure else returned.of_item(uuid, number, size)
    being_run = under_way and not line and notes.being_run(uuid, chunk, place)
    value, problem = _value(uuid, number)
    return Found(
        key,
        FAILED if failure else _word(told, line, under_way),
        number,
        failure,
        returned=_shown(line["result"]) if line else "",
        rung=str(line.get("rung", "")) if line else "",
        value=value,
        problem=problem,
        now=being_run and failure is None,
        again=being_run and failure is not None,
    )


def _group_of(told: Told, number: int) -> int:
    """What runs is counted by groups."""
    starts = (told.row.data or {}).get("starts") or [0]
    return bisect_right(starts, number) - 1


def _mapped(told: Told, found: Found, under_way: bool) -> Found:
    """A map returns nothing for one item alone."""
    assert found.number is not None
    uuid = str(told.row.uuid)
    outcome = FAILED
    if found.failure is None:
        done = is_mapped(told.row, *divmod(found.number, chunk_size_of(uuid)))
        outcome = UNKNOWN if done is None else SUCCEEDED if done else _word(told, None, under_way)
    value, problem = _value(uuid, found.number)
    return replace(found, outcome=outcome, value=value, problem=problem)


def _word(told: Told, line: dict[str, Any] | None, under_way: bool) -> str:
    if line:
        value = line["result"]
        said = isinstance(value, dict) and value.get("degraded") is True
        return DEGRADED if said or "rung" in line else SUCCEEDED
    if told.ended:
        return NOT_RUN
    return RUNNING if under_way else PENDING


def _value(uuid: str, number: int) -> tuple[str, str]:
    try:
        item = item_numbered(uuid, number)
    except (BadSource, IndexError) as error:
        return "", str(error)
    return ("" if item.error else _shown(item.value)), item.error


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
