"""How the system is: which workers live, and whether Temporal answers."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from live.models import Pulse
from worker import client

ALIVE = timedelta(seconds=5)
_ASKED_AGAIN_AFTER = 2.0


@dataclass(frozen=True)
class Worker:
    """A worker process as its last beat told."""

    name: str
    host: str
    pid: int
    queues: str
    started_at: datetime
    at: datetime
    alive: bool
    temporal_ok: bool


@dataclass(frozen=True)
class System:
    """Every worker of the last day, the living first."""

    workers: list[Worker]
    worker_alive: bool
    temporal_ok: bool
    as_of: datetime

    @property
    def living(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive]


def system() -> System:
    """One query. Temporal itself is asked (0.8 s at most, every 2 s at most) only when no living worker can say."""
    now = timezone.now()
    workers = [_worker(row, now) for row in Pulse.objects.order_by("-at")]
    alive = [worker for worker in workers if worker.alive]
    temporal_ok = any(worker.temporal_ok for worker in alive) if alive else _temporal_answers()
    return System(workers, bool(alive), temporal_ok, now)


def last_beat() -> datetime | None:
    """Of any worker, ever."""
    return Pulse.objects.order_by("-at").values_list("at", flat=True).first()


def _worker(row: Pulse, now: datetime) -> Worker:
    return Worker(
        name=row.worker,
        host=row.host,
        pid=row.pid,
        queues=row.queues,
        started_at=row.started_at,
        at=row.at,
        alive=row.at > now - ALIVE,
        temporal_ok=row.temporal_at is not None and row.temporal_at > now - ALIVE,
    )


_lock = threading.Lock()
_last: tuple[float, bool] = (float("-inf"), False)


def _temporal_answers() -> bool:
    global _last
    with _lock:
        if time.monotonic() - _last[0] > _ASKED_AGAIN_AFTER:
            answers = client.healthy(timeout=0.8)
            _last = (time.monotonic(), answers)
        return _last[1]
