"""Failed items: written down before they count, in groups that say the same, and found again to be run again."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone

from batches.models import Batch, Failure, FailureGroup
from live.writes import write
from worker.batch_wire import ChunkFailures, FailedItem, FailedPlaces, FindFailed, FoundFailed
from worker.reading import printable
from worker.resilience.ranges import Ranges

PAGE_CHUNKS = 50
PAGE_RANGES = 500
PIECE = 500
SHOWN = 200
"""Characters of an error in the batch's result."""


# --- what says the same ------------------------------------------------------------------------------------------

_FOLDED = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "‹id›"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”"), "‹…›"),
    (re.compile(r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}\b"), "‹id›"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "‹n›"),
)


def folded(error: str) -> str:
    """The error without what differs from item to item: numbers, ids, what stands in quotes."""
    text = error[:1_000]
    for pattern, sign in _FOLDED:
        text = pattern.sub(sign, text)
    return " ".join(text.split())[:300]


def fingerprint(words: str) -> str:
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()[:16]


# --- writing down ------------------------------------------------------------------------------------------------


def record_failures(given: ChunkFailures) -> None:
    """In one transaction, whatever was known of these items before; twice does no harm."""
    with write(nudge=False):
        batch = Batch.objects.get(uuid=given.uuid)
        groups, finals = Counter[str](), Counter[str]()
        numbers = [item.number for item in given.failed] + list(given.cleared)
        for piece in _pieces(numbers):
            old = Failure.objects.filter(batch=batch, number__in=piece)
            for name, final in old.values_list("fingerprint", "final"):
                groups[name] -= 1
                finals[name] -= final
            old.delete()
        words = [folded(printable(item.error)) for item in given.failed]
        rows = [_row(batch, given.round, item, said) for item, said in zip(given.failed, words, strict=True)]
        Failure.objects.bulk_create(rows, batch_size=PIECE)
        for row in rows:
            groups[row.fingerprint] += 1
            finals[row.fingerprint] += row.final
        _count(batch, groups, finals, {row.fingerprint: said for row, said in zip(rows, words, strict=True)})


def _row(batch: Batch, round: int, item: FailedItem, words: str) -> Failure:
    return Failure(
        batch=batch,
        number=item.number,
        key=printable(item.key)[:200],
        error=printable(item.error),
        fingerprint=fingerprint(words),
        attempts=item.attempts,
        final=item.final,
        round=round,
    )


def _count(batch: Batch, groups: "Counter[str]", finals: "Counter[str]", words: dict[str, str]) -> None:
    """In their order, so that two chunks never wait for each other in a circle."""
    for name, number in sorted(groups.items()):
        if number or finals[name] or name in words:
            FailureGroup.objects.get_or_create(batch=batch, fingerprint=name, defaults={"words": words.get(name, "")})
            changes: dict[str, Any] = {"number": F("number") + number, "final": F("final") + finals[name]}
            if name in words:
                changes |= _times(timezone.now())
            FailureGroup.objects.filter(batch=batch, fingerprint=name).update(**changes)


def _times(now: datetime) -> dict[str, Any]:
    """One that was empty, because all of its items went well later, begins anew."""
    return {"first_at": Case(When(number__gt=0, then=F("first_at")), default=Value(now)), "last_at": now}


def _pieces(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + PIECE] for start in range(0, len(numbers), PIECE))


# --- finding again -----------------------------------------------------------------------------------------------


def find_failed(given: FindFailed) -> FoundFailed:
    """A page of them as places in chunks: bounded, however many have failed."""
    rows = _after(given.uuid, given.after).filter(round__lte=given.round).exclude(round__in=given.under_way)
    if given.group:
        rows = rows.filter(fingerprint=given.group)
    most = given.most or None
    chunks: dict[int, Ranges] = {}
    ranges, taken, last = 0, 0, given.after
    for number in rows.values_list("number", flat=True)[:most].iterator(PIECE):
        chunk, place = divmod(number, given.chunk_size)
        ranges += not (last + 1 == number and chunk in chunks)
        if (chunk not in chunks and len(chunks) == PAGE_CHUNKS) or ranges > PAGE_RANGES:
            return FoundFailed(_places(chunks), last)
        chunks.setdefault(chunk, Ranges()).add(place)
        taken, last = taken + 1, number
    return FoundFailed(_places(chunks), None)


def _places(chunks: dict[int, Ranges]) -> list[FailedPlaces]:
    return [FailedPlaces(chunk, places.dump()) for chunk, places in chunks.items()]


def _after(uuid: str, number: int) -> QuerySet[Failure]:
    return Failure.objects.filter(batch__uuid=uuid, number__gt=number).order_by("number")


def failed_numbers(uuid: str, after: int, most: int, group: str = "") -> list[int]:
    """Of one cause where its fingerprint is given."""
    rows = _after(uuid, after).filter(**({"fingerprint": group} if group else {}))
    return list(rows.values_list("number", flat=True)[:most])


def first_failed(uuid: str, most: int) -> list[dict[str, str]]:
    """As the batch's result names them."""
    found = _after(uuid, -1).values_list("key", "error")[:most]
    return [{"item": key, "error": error[:SHOWN]} for key, error in found]
