"""The workers' beats, and what follows from them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from live import queries
from live.models import Pulse
from live.pulse import render_first, render_pulse
from live.services import beat
from worker import registry


@pytest.fixture
def temporal(monkeypatch):
    """What Temporal says when the web itself asks: a list of one answer, and how often it was asked."""
    asked = []
    monkeypatch.setattr(queries, "_last", (float("-inf"), False))
    monkeypatch.setattr(queries.client, "healthy", lambda timeout: bool(asked.append(timeout)) or True)
    return asked


def a_beat(worker="host:1:0", temporal_ok=True):
    beat(worker=worker, host="host", pid=1, queues="leitstand", started_at=timezone.now(), temporal_ok=temporal_ok)


def age(**ages):
    now = timezone.now()
    Pulse.objects.update(**{field: now - timedelta(seconds=seconds) for field, seconds in ages.items()})


def test_a_beat_keeps_one_row_per_worker(db):
    a_beat()
    a_beat()
    a_beat("host:2:0")
    assert Pulse.objects.count() == 2


def test_a_beat_is_known_to_the_worker_by_name(db):
    registry.call(
        "live.beat", worker="w", host="h", pid=1, queues="leitstand, q", started_at=timezone.now(), temporal_ok=True
    )
    assert queries.system().worker_alive


def test_rows_older_than_a_day_go(db):
    a_beat("old")
    age(at=86_401)
    a_beat("new")
    assert [row.worker for row in Pulse.objects.all()] == ["new"]


def test_a_beat_wakes_no_page(transactional_db, monkeypatch):
    nudged = []
    monkeypatch.setattr("live.hub.nudge", lambda: nudged.append(1))
    a_beat()
    assert nudged == []


def test_a_worker_is_alive_for_five_seconds(db, temporal):
    a_beat()
    assert queries.system().worker_alive
    age(at=5.1)
    state = queries.system()
    assert not state.worker_alive
    assert state.living == []
    assert len(state.workers) == 1


def test_a_living_worker_answers_for_temporal(db, temporal):
    a_beat(temporal_ok=True)
    assert queries.system().temporal_ok
    a_beat(temporal_ok=False)
    assert queries.system().temporal_ok, "it answered less than five seconds ago"
    age(temporal_at=5.1)
    assert not queries.system().temporal_ok
    assert temporal == []


def test_without_a_living_worker_temporal_itself_is_asked_every_two_seconds_at_most(db, temporal, monkeypatch):
    assert queries.system().temporal_ok
    assert queries.system().temporal_ok
    assert len(temporal) == 1
    monkeypatch.setattr(queries, "_ASKED_AGAIN_AFTER", 0.0)
    queries.system()
    assert len(temporal) == 2


def test_the_state_of_the_system_is_one_query(db, temporal, django_assert_num_queries):
    a_beat()
    with django_assert_num_queries(1):
        queries.system()


def test_the_pulse_says_the_worst(db, temporal):
    a_beat()
    well = queries.system()
    assert 'data-state="live"' in render_pulse("en", (), well)
    assert 'data-state="stale"' in render_pulse("en", ("region-x",), well)
    assert 'data-stale="region-x"' in render_pulse("en", ("region-x",), well)
    assert 'data-state="no-database"' in render_pulse("en", (), None)
    Pulse.objects.all().delete()
    assert 'data-state="no-worker"' in render_pulse("en", (), queries.system())


def test_the_first_paint_says_when_it_was_made_and_not_that_it_is_live():
    assert 'data-state="asof"' in render_first()
    assert "As of " in render_first()
