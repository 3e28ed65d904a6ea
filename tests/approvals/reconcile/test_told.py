"""Drift is a number: on home, and for scrapers."""

import pytest
from django.utils import timezone

from approvals.drift import Reconciliation


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    monkeypatch.setattr("live.queries._temporal_answers", lambda: True)


def noted(seconds_ago=20, **more):
    at = timezone.now() - timezone.timedelta(seconds=seconds_ago)
    return Reconciliation.objects.create(at=at, **more)


def home(client, user):
    client.force_login(user)
    return " ".join(client.get("/").content.decode().split())


def test_home_says_that_nothing_was_compared_yet(client, maria):
    assert "Not yet compared" in home(client, maria)


def test_home_says_that_the_index_agrees_and_when_that_was_seen(client, maria):
    noted(compared=5)
    page = home(client, maria)
    assert "Agrees" in page
    assert "Lists say what Temporal says. Checked <time" in page


def test_home_says_what_was_mended_and_what_is_left(client, maria):
    noted(compared=5, repaired=2)
    assert "2 rows differed and were mended." in home(client, maria)
    noted(compared=5, repaired=0, differing=1)
    page = home(client, maria)
    assert "1 row differs from Temporal." in page
    assert "manage.py reconcile --dry-run" in page


def test_home_does_not_take_an_old_look_for_a_new_one(client, maria, settings):
    noted(seconds_ago=3_600)
    assert "Not compared of late" in home(client, maria)
    settings.RECONCILE_SECONDS = 0
    assert "switched off" in home(client, maria)


def test_scrapers_read_the_numbers(client, db):
    assert "leitstand_drift" not in client.get("/metrics").content.decode()
    noted(compared=5, repaired=2, repaired_ever=9, differing=1, seconds=0.5)
    page = client.get("/metrics").content.decode()
    assert "leitstand_drift 1.0" in page
    assert "leitstand_reconcile_compared 5.0" in page
    assert "leitstand_reconcile_repaired_total 9.0" in page
    assert "leitstand_reconcile_age_seconds 2" in page
