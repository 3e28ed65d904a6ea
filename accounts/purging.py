"""What was told long ago becomes a trace: who, when and how stays for the history; addresses, errors and data go."""

import time
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import Letter
from accounts.queries import by_mail, by_webhook
from accounts.receivers import Delivery, Trace
from live.writes import write

PIECE = 100
MOST = 50_000
EVERY = 600.0
"""Seconds between two looks of a worker."""
UNDER_WAY = [Letter.State.WAITING, Letter.State.SENDING]
"""The states of letters; those of deliveries are among them."""

_looked = float("-inf")


def purge_due() -> int:
    """Asked every second by each worker; it looks now and then. How many letters and deliveries are gone."""
    global _looked
    if settings.OUTBOX_DAYS <= 0 or time.monotonic() - _looked < EVERY:
        return 0
    _looked = time.monotonic()
    return purge(timezone.now() - timedelta(days=settings.OUTBOX_DAYS))


def purge(before: datetime) -> int:
    """What is older than this. A stream goes as a whole or not at all: of what goes on, nothing is missing."""
    gone, streams = 0, iter(_old_streams(before))
    while piece := list(islice(streams, PIECE)):
        with write(nudge=False):
            over = set(piece) - _going_on(piece, before)
            gone += sum(_collapse(stream) for stream in sorted(over - {""})) + _drop_nameless(before)
    return gone


def _old_streams(before: datetime) -> list[str]:
    """Rows are written in the order of time, so the old ones are those with the first ids."""
    found: dict[str, None] = {}
    for rows in (Letter.objects.order_by("id"), Delivery.objects.order_by("id")):
        for made_at, stream in rows.values_list("made_at", "stream").iterator(chunk_size=1_000):
            if made_at >= before or len(found) >= MOST:
                break
            found[stream] = None
    return list(found)


def _going_on(streams: list[str], before: datetime) -> set[str]:
    fresh = Q(made_at__gte=before) | Q(state__in=UNDER_WAY)
    letters, deliveries = (
        rows.filter(fresh, stream__in=streams).values_list("stream", flat=True).distinct()
        for rows in (Letter.objects, Delivery.objects)
    )
    return {*letters, *deliveries}


def _collapse(stream: str) -> int:
    """One row instead of all of these. Whoever comes second waits for the trace, and finds nothing left."""
    Trace.objects.get_or_create(stream=stream)
    trace = Trace.objects.select_for_update().get(stream=stream)
    left = [one.kept() for one in [*by_mail(stream), *by_webhook(stream)]]
    if left:
        trace.told = [*trace.told, *left]
        trace.save()
    return _delete(Q(stream=stream))


def _drop_nameless(before: datetime) -> int:
    """What belongs to no page: ways to a new password, tests."""
    return _delete(Q(stream="", made_at__lt=before) & ~Q(state__in=UNDER_WAY))


def _delete(which: Q) -> int:
    return sum(rows.filter(which).delete()[0] for rows in (Letter.objects, Delivery.objects))
