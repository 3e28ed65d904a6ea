"""What workers write about themselves."""

from datetime import datetime, timedelta

from django.utils import timezone

from live.models import Pulse
from live.writes import write

KEPT = timedelta(days=1)


def beat(*, worker: str, host: str, pid: int, queues: str, started_at: datetime, temporal_ok: bool) -> None:
    """A worker lives. Once a second from each, so it neither nudges the pages nor enters the ledger."""
    now = timezone.now()
    row = {"host": host, "pid": pid, "queues": queues, "started_at": started_at, "at": now}
    if temporal_ok:
        row["temporal_at"] = now
    with write(nudge=False):
        Pulse.objects.update_or_create(worker=worker, defaults=row)
        Pulse.objects.filter(at__lt=now - KEPT).delete()
