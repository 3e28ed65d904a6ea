"""Queues of one test: the server remembers the limits of all the others."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from circuits.limits import asked, services, told
from circuits.models import LimitedQueue, LimitOrder
from live.models import Pulse
from tests.temporal import LONG
from worker import client as door

ALIVE = timedelta(seconds=LONG)


class Queues:
    """The queue of work and that of decisions, under names that nobody else has."""

    def __init__(self):
        self.work, self.decisions = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("work", "decisions"))

    def click(self, by, rate=20.0, **more):
        """As from a page that was drawn just now."""
        line = LimitedQueue.objects.filter(name=more.get("queue", self.work)).first()
        usual = {
            "queue": self.work, "reason": "Their night", "per_second": rate, "order_id": str(uuid.uuid4()),
            "shown": line.orders if line else 0, "patience": 30.0,
            "action": LimitOrder.Action.RESET if rate is None else LimitOrder.Action.SET,
        }  # fmt: skip
        return services.order(by=by, **{**usual, **more})

    def told(self):
        return door.queue_told(self.work)

    def beat(self, number=1, serving=None, **offer):
        """A worker process lives, and offers this to the queue of work."""
        said = {"slots": 50, "used": 0, "per_second": None, "queue_per_second": None, **offer}
        now = timezone.now()
        about = {
            "host": "h", "pid": number, "queues": f"{self.decisions}, {self.work}", "started_at": now, "at": now,
            "temporal_at": now, "serving": {self.work: said} if serving is None else serving,
        }  # fmt: skip
        Pulse.objects.update_or_create(worker=f"h:{number}:1", defaults=about)


@pytest.fixture
def queues(monkeypatch, settings, temporal_server, transactional_db):
    made = Queues()
    made.address = temporal_server
    settings.TEMPORAL_TASK_QUEUE = made.decisions
    monkeypatch.setattr(asked, "WORK_QUEUE", made.work)
    monkeypatch.setattr(told, "_known", {})
    monkeypatch.setattr("live.queries.ALIVE", ALIVE)  # a busy machine may take its time between a beat and a look
    return made
