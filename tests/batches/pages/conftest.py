"""What the tests of pages share: batches as rows, and pages as words."""

import re
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batches import told
from batches.models import ENDED, Batch, Event, Point
from live import reader
from live.queries import System
from worker import client
from worker.batch_telling import NOTHING

SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")


COUNTED = {
    "rate": 0.0, "chunks": 10, "next_chunk": 4, "chunks_running": [], "chunks_left": [], "max_parallel": 4, "pace": [],
    "tolerated_failure_rate": 0.1, "median_seconds": 1.0, "slowest": None, "oldest": [], "runs": 1,
}  # fmt: skip
"""What ``get_progress`` says once the items are counted."""
SPEC = {
    "title": "March invoices", "job": "echo", "job_args": {"seconds": 0.1},
    "source": {"uri": "file:///x/march.csv", "format": "csv"},
    "chunk_size": 10, "max_parallel": 4, "item_attempts": 3, "item_timeout_seconds": 30.0, "window": "sliding",
    "tolerated_failure_rate": 0.1, "on_tolerance": "fail", "service": None,
}  # fmt: skip


def written(title: str = "March invoices", state: str = "running", ago: float = 60.0, **more: Any) -> Batch:
    """A batch as its workflow would have written it down, begun so many seconds ago."""
    now = timezone.now()
    counts = {name: more.pop(name, 0) for name in SIX}
    total = sum(counts.values())
    told = {**NOTHING, "state": state, **counts, "total": total, "title": title, **COUNTED, **more.pop("told", {})}
    usual = {
        "workflow_id": f"batch-{uuid.uuid4()}",
        "first_run_id": "first",
        "run_id": "first",
        "job": "echo",
        "requester": "olga",
        "written": 1,
        "begun_at": now - timedelta(seconds=ago),
        "written_at": now,
        "told": told,
        "spec": SPEC,
        "closed_at": now if state in ENDED else None,
    }
    return Batch.objects.create(title=title, state=state, total=total, **counts, **{**usual, **more})


def points(row: Batch, each: float, number: int, every: float = 5.0, limit: float | None = None) -> None:
    """So many points up to now, ``each`` items having ended between two of them."""
    now = timezone.now()
    begun = now - timedelta(seconds=every * number)
    Batch.objects.filter(pk=row.pk).update(begun_at=begun)
    rows = [
        Point(batch=row, at=at, seen_at=at, succeeded=round(each * n), degraded=0, failed=0, running=0, limit=limit)
        for n, at in ((n, begun + timedelta(seconds=every * n)) for n in range(1, number + 1))
    ]
    Point.objects.bulk_create(rows)


def event(row: Batch, number: int, kind: str, ago: float = 0.0, **more: Any) -> Event:
    made = Event.objects.create(batch=row, number=number, kind=kind, at=timezone.now() - timedelta(seconds=ago), **more)
    Batch.objects.filter(pk=row.pk).update(events_ever=number)
    return made


class Temporal:
    """What stands for Temporal where only its answers matter: by workflow id, and how often each was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()

    def says(self, row: Batch, **changed: Any) -> None:
        """As the row has it, but for this."""
        self.answers[row.workflow_id] = {**row.told, "uuid": str(row.uuid), **changed}

    def query(self, workflow_id: str, *rest: Any) -> Any:
        self.asked[workflow_id] += 1
        answer = self.answers.get(workflow_id, client.NotFound("There is no such workflow."))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def alive(monkeypatch):
    """As if the worker of the tests had shown its pulse."""
    monkeypatch.setattr(told, "system", lambda: System([], True, True, timezone.now()))
    reader.clear()


@pytest.fixture
def temporal(monkeypatch, alive):
    """Answers without a server: what is shown is under test, not how it is asked."""
    stand_in = Temporal()
    monkeypatch.setattr(reader, "_query", stand_in.query)
    monkeypatch.setattr(client, "pending", lambda _workflow_id, **_more: [])
    return stand_in


@pytest.fixture
def see(client):
    """The words of a page as this person sees it, spaces as one."""

    def page(user: Any, address: str, status: int = 200) -> str:
        client.force_login(user)
        answer = client.get(address)
        assert answer.status_code == status
        words = " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())
        return re.sub(r" ([,.:])(?= |$)", r"\1", words)

    return page
