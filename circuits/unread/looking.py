"""Looks whether what could not be read is there again, or nobody waits for it any more: a chore of every worker."""

import socket
import time
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from circuits.models import Unread
from circuits.unread import noting
from live.models import Pulse
from live.queries import ALIVE
from worker import client as door
from worker.payloads.places import is_whole

EVERY = 5.0
AT_ONCE = 20
SETTLED = timedelta(seconds=3)
"""Until then Temporal may not know yet that a try has failed."""

_next = 0.0


def look() -> int:
    """How many are over."""
    global _next
    if time.monotonic() < _next:
        return 0
    _next = time.monotonic() + EVERY
    now, over, answers = timezone.now(), 0, True
    for row in _ours().filter(seen_at__lt=now - SETTLED).order_by(F("looked_at").asc(nulls_first=True))[:AT_ONCE]:
        try:
            well = is_whole(row.place, row.key) or (answers and not _waited_for(row))
        except door.ClientError:  # then it is taken to be waited for, and so is the rest without asking
            well, answers = False, False
        if well:
            over += noting.over(row, now)
        else:
            noting.still(row, now)
    return over


def _ours() -> QuerySet[Unread]:
    """What was missed on another host is not there for being here, while a worker lives there."""
    living = Pulse.objects.filter(at__gt=timezone.now() - ALIVE).values_list("host", flat=True)
    return Unread.objects.exclude(host__in=set(living) - {socket.gethostname()})


def _waited_for(row: Unread) -> bool:
    """A workflow needs it whenever it is read again, until it ends; an activity only while it is tried again."""
    try:
        told = door.describe(row.workflow_id, run_id=row.run_id)
        if told.status != "RUNNING":
            return False
        return not row.activity or any(
            each.kind == row.activity and each.failure for each in door.pending(row.workflow_id)
        )
    except door.NotFound:
        return False
