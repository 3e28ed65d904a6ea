"""What monitors are told."""

import threading

import pytest
from django.db import DatabaseError
from django.utils import timezone

from dashboard import health
from live import queries
from live.models import Pulse
from tests.temporal import LONG


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    """Temporal as seen from here; a test may change its answer."""
    answer = {"answers": True}
    monkeypatch.setattr(queries, "_temporal_answers", lambda: answer["answers"])
    return answer


@pytest.fixture
def patient(monkeypatch):
    """Whatever answers has the time to, on a busy machine too."""
    monkeypatch.setattr(health, "PATIENCE", LONG)


def beat(**more):
    now = timezone.now()
    Pulse.objects.create(
        worker="w1", host="h", pid=1, queues="leitstand", started_at=now, at=now, **{"temporal_at": now, **more}
    )


@pytest.mark.usefixtures("patient")
@pytest.mark.django_db(transaction=True)
def test_it_is_ok_when_all_answer(client):
    beat()
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "worker": "ok", "temporal": "ok"}


@pytest.mark.usefixtures("patient")
@pytest.mark.django_db(transaction=True)
def test_without_a_worker_it_is_degraded_but_serves(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "worker": "down", "temporal": "ok"}


@pytest.mark.usefixtures("patient")
@pytest.mark.django_db(transaction=True)
def test_without_temporal_it_is_degraded_but_serves(client, temporal):
    temporal["answers"] = False
    assert client.get("/healthz").json()["temporal"] == "down"
    beat(temporal_at=None)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "worker": "ok", "temporal": "down"}


def test_without_the_database_it_cannot_serve(client, monkeypatch):
    def refuse():
        raise DatabaseError("gone")

    monkeypatch.setattr(health, "system", refuse)
    monkeypatch.setattr(health.Pulse.objects, "exists", refuse, raising=False)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"


@pytest.fixture
def hangs():
    """Answers only when the test is over; whoever waits for it hears in the end that all is well."""
    over = threading.Event()
    yield lambda: over.wait(LONG) or True
    over.set()


def test_a_database_that_hangs_does_not_keep_the_monitor_waiting(client, monkeypatch, hangs):
    monkeypatch.setattr(health, "_database_answers", hangs)
    monkeypatch.setattr(health, "_system", lambda: None)
    assert client.get("/healthz").status_code == 503
    assert health.PATIENCE < 2


def test_a_temporal_that_hangs_is_not_taken_for_a_database_that_is_down(client, monkeypatch, hangs):
    monkeypatch.setattr(health, "_database_answers", lambda: True)
    monkeypatch.setattr(health, "_system", hangs)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "worker": "unknown", "temporal": "unknown"}
