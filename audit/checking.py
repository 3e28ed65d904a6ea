"""When the ledger was last verified, and what was found: kept for its page, and done again by the workers."""

import time
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from audit import verify
from audit.models import Check
from live.writes import write

OFTEN = timedelta(minutes=10)
SHARE = 60
"""A check takes at most this part of a worker's time: one that takes a minute is made once an hour."""
LOOK = 10.0

_looked = float("-inf")


def check(kept: tuple[int, str] | None = None) -> verify.Report:
    """Verify the whole ledger now, and keep what was found."""
    began, clock = timezone.now(), time.monotonic()
    report = verify.ledger(kept)
    seen = {
        "started_at": began,
        "at": began,
        "seconds": time.monotonic() - clock,
        "entries": report.entries,
        "head": report.head,
        "broken": str(report.broken or ""),
    }
    with write():
        Check.objects.update_or_create(pk=1, defaults=seen)
    return report


def check_due() -> bool:
    """As a worker starts, and then every ten minutes or, for a ledger that takes long, less often; of two, one does it.

    Every worker may call it every second: it looks every ten.
    """
    global _looked
    if time.monotonic() < _looked + LOOK:
        return False
    _looked = time.monotonic()
    if not _claimed():
        return False
    check()
    return True


def _claimed() -> bool:
    """Compare and set: whoever moves ``started_at`` makes the check; one that dies is made again later."""
    now = timezone.now()
    with write(nudge=False):
        last, _new = Check.objects.get_or_create(pk=1)
        pause = max(OFTEN, timedelta(seconds=last.seconds * SHARE))
        due = Check.objects.filter(Q(started_at=None) | Q(started_at__lte=now - pause), pk=1)
        return due.update(started_at=now) == 1


def last_check() -> Check | None:
    """The last one that was finished, by a worker or by ``verify_ledger``."""
    return Check.objects.filter(pk=1, at__isnull=False).first()
