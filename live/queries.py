"""How the system is: which workers live, and whether Temporal answers."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
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
    serving: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of each queue what it offers: slots, used, per_second, queue_per_second. Empty: it did not say."""

    @property
    def decides(self) -> bool:
        """Whether decisions are applied by it; others only run batches."""
        return self.serves(settings.TEMPORAL_TASK_QUEUE)

    def serves(self, queue: str) -> bool:
        return serves(self.queues, queue)


@dataclass(frozen=True)
class System:
    """Every worker process of the last day, the living first. ``worker_alive``: one lives that applies decisions."""

    workers: list[Worker]
    worker_alive: bool
    temporal_ok: bool
    as_of: datetime

    @property
    def living(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive]

    @property
    def deciding(self) -> list[Worker]:
        return [worker for worker in self.living if worker.decides]


def system() -> System:
    """One query. Temporal itself is asked (0.8 s at most, every 2 s at most) only when no living worker can say."""
    now = timezone.now()
    workers = [_worker(row, now) for row in Pulse.objects.order_by("-at")]
    alive = [worker for worker in workers if worker.alive]
    temporal_ok = any(worker.temporal_ok for worker in alive) if alive else _temporal_answers()
    return System(workers, any(worker.decides for worker in alive), temporal_ok, now)


def last_beat() -> datetime | None:
    """Of any worker that applies decisions, ever."""
    beats = Pulse.objects.order_by("-at").values_list("at", "queues")
    return next((at for at, queues in beats if serves(queues, settings.TEMPORAL_TASK_QUEUE)), None)


def serves(queues: str, queue: str) -> bool:
    """``queues``: as a worker names them when it beats."""
    return queue in queues.split(", ")


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
        serving=row.serving,
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
