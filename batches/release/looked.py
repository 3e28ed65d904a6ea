"""What whoever decides sees of a batch that waits: its first items, or why they cannot be seen any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from batches.beginning import uuid_named
from batches.models import Batch
from batches.release.sizing import in_words, reference_of
from batches.starting.origins import degraded_first, failed_rows
from batches.starting.seeing import SHOWN, short, table
from worker.batch_contract import SourceSpec, read_spec
from worker.chunks import folders
from worker.datasets.looking import look
from worker.datasets.records import Item
from worker.datasets.references import BadSource

READ = 100_000
"""Bytes: enough for a few rows. That it is the very file is compared when it begins."""


@dataclass(frozen=True)
class First:
    """``wrong``: why there is nothing to be seen."""

    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    wrong: str = ""


def first_of(row: Batch) -> First:
    spec = read_spec(row.payload).spec
    if spec is None:
        return First()
    try:
        return _first(spec.source)
    except BadSource as error:
        return First(wrong=in_words(error, spec.source))


def _first(source: SourceSpec) -> First:
    if source.items is not None:
        items = [Item(number, str(number + 1), value) for number, value in enumerate(source.items[:SHOWN])]
        return First(*table((), items))
    if source.failed_of:
        rows = failed_rows({"failed_of": uuid_named(source.failed_of) or "", "group": source.group})[:SHOWN]
        return First(("", ""), [[failure.key, short(failure.error, 160)] for failure in rows])
    if source.degraded_of:
        return First(("", ""), degraded_first(uuid_named(source.degraded_of) or "", SHOWN))
    found = look(reference_of(source), folders.readable(), read=READ)
    return First(*table(found.columns, found.first))
