"""Every write to the ledger: entries, each beside the state that it records, and a seal for each minute with writes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import F, QuerySet
from django.utils import timezone

from audit.canonical import GENESIS, canonical, clean, digest, moment, plain
from audit.models import Entry, Head, Seal
from live.writes import write

HEADS_PER_SEAL = 2_000
"""Bounds the text of a seal; a minute that touched more streams gets several."""

_checked: datetime | None = None
"""The minute in which this process last found nothing more to seal: asked each second, it looks once a minute."""


_witnesses: list[Callable[[Entry], None]] = []


def witness(function: Callable[[Entry], None]) -> None:
    """Have each new entry seen, in its own transaction: for what must never differ from the ledger, such as counts."""
    if function not in _witnesses:
        _witnesses.append(function)


# --- entries ----------------------------------------------------------------------------------------------------


def append(
    *,
    stream: str,
    kind: str,
    actor: str,
    known: str,
    data: dict[str, Any],
    workflow_id: str = "",
    run_id: str = "",
    at: datetime | None = None,
) -> Entry:
    """Add the next entry of this stream, in the transaction of the state that it records (three SQL statements).

    ``known``: how we know the actor, one of ``Entry.Known``. ``at`` defaults to now, and must know its time zone.
    Texts from outside are kept within the columns' lengths; what must be kept whole belongs into ``data``.
    """
    _check(stream, kind, known, at)
    seq, prev = _lock_head(stream)
    written = timezone.now()
    columns: dict[str, Any] = {
        "stream": stream,
        "seq": seq + 1,
        "kind": kind,
        "actor": clean(actor, 200),
        "known": str(known),
        "workflow_id": clean(workflow_id, 1000),
        "run_id": clean(run_id, 64),
    }
    at = at or written
    body = canonical({**columns, "at": moment(at), "data": plain(data), "prev": prev})
    entry = Entry(**columns, at=at, body=body, prev_hash=prev, hash=digest(body))
    entry.save()
    _move_head(entry, written)
    for seen_by in _witnesses:
        seen_by(entry)
    return entry


def _check(stream: str, kind: str, known: str, at: datetime | None) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError(
            "An entry is written with the state it records: call this inside `with live.writes.write():`."
        )
    if known not in Entry.Known.values:
        raise ValueError(f"How is the actor known? {known!r} is none of {', '.join(Entry.Known.values)}.")
    if not 0 < len(stream) <= 200 or not 0 < len(kind) <= 80:
        raise ValueError("A stream has 1 to 200 characters, a kind 1 to 80.")
    if at is not None and at.tzinfo is None:
        raise ValueError("The time of an entry needs its time zone.")


def _lock_head(stream: str) -> tuple[int, str]:
    """Number and hash of the last entry (0 and GENESIS for none); whoever comes second waits here until we commit.

    One statement makes the row, locks it and reads it, so that two first writers of a stream queue as well.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_head (stream, seq, hash, sealed_seq, unsealed_since) VALUES (%s, 0, %s, 0, NULL) "
            "ON CONFLICT (stream) DO UPDATE SET stream = excluded.stream RETURNING seq, hash",
            [stream, GENESIS],
        )
        seq, head = cursor.fetchone()
    return int(seq), str(head)


def _move_head(entry: Entry, written: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_head SET seq = %s, hash = %s, unsealed_since = COALESCE(unsealed_since, %s) "
            "WHERE stream = %s",
            [entry.seq, entry.hash, connection.ops.adapt_datetimefield_value(written), entry.stream],
        )


# --- seals ------------------------------------------------------------------------------------------------------


def seal_due(*, by: str = "system", force: bool = False, now: datetime | None = None) -> int:
    """Seal what was written in minutes that have passed (with ``force``: everything); returns how many seals it wrote.

    Every worker may call it every second: it costs microseconds when nothing is due, and of two at once one wins.
    """
    global _checked
    now = now or timezone.now()
    minute = now.replace(second=0, microsecond=0)
    if minute == _checked and not force:
        return 0
    due = Head.objects.filter(unsealed_since__lte=now) if force else Head.objects.filter(unsealed_since__lt=minute)
    seals = 0
    while due.exists() and _seal(due, by, now):
        seals += 1
    if not due.exists():
        _checked = minute
    return seals


def _seal(due: QuerySet[Head], by: str, now: datetime) -> bool:
    """One seal over up to HEADS_PER_SEAL heads; False if another worker is at it, or all of them are being written."""
    try:
        with write(nudge=False):
            last = Seal.objects.order_by("-number").first()
            # Never waits for a writer (so no deadlock with one); what is being written now is sealed a second later.
            heads = list(due.select_for_update(skip_locked=True).order_by("unsealed_since")[:HEADS_PER_SEAL])
            if not heads:
                return False
            _next_seal(last, heads, by, now).save()
            Head.objects.filter(pk__in=[head.pk for head in heads]).update(sealed_seq=F("seq"), unsealed_since=None)
    except IntegrityError:  # the number is taken: another worker was first
        return False
    return True


def _next_seal(last: Seal | None, heads: Sequence[Head], by: str, now: datetime) -> Seal:
    touched = sorted([head.stream, head.sealed_seq, head.seq, head.hash] for head in heads)
    columns: dict[str, Any] = {
        "number": last.number + 1 if last else 1,
        "entries": (last.entries if last else 0) + sum(head.seq - head.sealed_seq for head in heads),
        "root": digest((last.root if last else GENESIS) + canonical(touched)),
    }
    prev = last.hash if last else GENESIS
    body = canonical({**columns, "at": moment(now), "by": by, "heads": touched, "prev": prev})
    return Seal(**columns, at=now, prev_hash=prev, body=body, hash=digest(body))
