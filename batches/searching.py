"""All failed items of a batch, or of one group, page by page; searched for words without looking at all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from batches.models import Batch, Failure

PAGE = 50
LOOKED_AT = 100_000
"""So many failed items are looked at for one page: the rest by a click, and that is said."""


@dataclass(frozen=True)
class Page:
    """``after``: the next page begins after this number; None: this is the last."""

    rows: Sequence[Failure]
    after: int | None = None
    looked: int = 0
    """So many failed items were searched, where there are more behind them that were not looked at."""


def page_of(batch: Batch, *, group: str = "", words: str = "", after: int = -1) -> Page:
    rows = Failure.objects.filter(batch=batch, number__gt=after).order_by("number")
    if group:
        rows = rows.filter(fingerprint=group)
    return _searched(rows, words) if words else _page(rows)


def _page(rows: QuerySet[Failure]) -> Page:
    found = list(rows[: PAGE + 1])
    return Page(found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else None)


def _searched(rows: QuerySet[Failure], words: str) -> Page:
    """Those whose key or error holds these words, among so many."""
    end = rows.values_list("number", flat=True)[LOOKED_AT : LOOKED_AT + 1].first()
    near = rows if end is None else rows.filter(number__lt=end)
    found = _page(near.filter(Q(key__icontains=words) | Q(error__icontains=words)))
    if found.after is not None or end is None:
        return found
    return Page(found.rows, end - 1, LOOKED_AT)
