"""What workers write about themselves."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from live.models import Pulse
from live.writes import write

KEPT = timedelta(days=1)


def beat(
    *,
    worker: str,
    host: str,
    pid: int,
    queues: str,
    started_at: datetime,
    temporal_ok: bool,
    serving: dict[str, Any] | None = None,
) -> None:
    """A worker lives, and offers this to each queue. Once a second: it neither nudges pages nor enters the ledger."""
    now = timezone.now()
    row: dict[str, Any] = {"host": host, "pid": pid, "queues": queues, "started_at": started_at, "at": now}
    row["serving"] = serving or {}
    if temporal_ok:
        row["temporal_at"] = now
    with write(nudge=False):
        Pulse.objects.update_or_create(worker=worker, defaults=row)
        Pulse.objects.filter(at__lt=now - KEPT).delete()
