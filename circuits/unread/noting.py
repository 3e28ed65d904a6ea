"""Writes down what a worker process could not read, and what of it is over; ops are told once while any is left."""

import hashlib
import json
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from circuits import episodes
from circuits.models import Unread
from live.writes import write

SUBJECT = "unread"
SEEN_AGAIN = ("run_id", "activity", "cause", "sentence", "seen_at")


def note(found: Sequence[Mapping[str, str]]) -> None:
    """Idempotent: what is known already is only seen again."""
    now, host = timezone.now(), socket.gethostname()
    rows = [Unread(mark=_mark(host, each), host=host, since=now, seen_at=now, **each) for each in found]
    known = Unread.objects.filter(mark__in=[row.mark for row in rows]).count()
    with write(nudge=known < len(rows)):
        Unread.objects.bulk_create(rows, update_conflicts=True, unique_fields=["mark"], update_fields=SEEN_AGAIN)


def _mark(host: str, given: Mapping[str, str]) -> str:
    whose = json.dumps([host, given["workflow_id"], given["place"], given["key"]])
    return hashlib.sha256(whose.encode()).hexdigest()


def still(row: Unread, at: datetime) -> None:
    with write(nudge=False):
        Unread.objects.filter(pk=row.pk).update(looked_at=at)
        if not episodes.going_on(SUBJECT):
            episodes.begin(SUBJECT, at=row.since, cause=f"{row.workflow_id:.200}: {row.sentence}")


def over(row: Unread, at: datetime) -> bool:
    """Unless somebody has missed it since it was looked for."""
    with write():
        gone, _rows = Unread.objects.filter(pk=row.pk, seen_at=row.seen_at).delete()
        if not Unread.objects.exists():
            episodes.end(SUBJECT, at=at)
    return bool(gone)
