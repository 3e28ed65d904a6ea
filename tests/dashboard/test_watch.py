"""The web server tells ops that no worker runs: no worker could."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Letter
from circuits import episodes
from circuits.models import Episode
from dashboard.watch import Watch
from live.models import Pulse
from tests.accounts.conftest import office, with_address  # noqa: F401  (a fixture: found by its name)


@pytest.fixture
def watch(settings, olga, office):  # noqa: F811
    settings.NO_WORKER_SECONDS = 60
    with_address(olga)
    return Watch()


def beat(ago):
    now = timezone.now()
    values = {"host": "h", "pid": 1, "queues": "leitstand", "started_at": now, "at": now - timedelta(seconds=ago)}
    Pulse.objects.update_or_create(worker="w", defaults=values)


def looks(watch, after):
    watch.look(timezone.now() + timedelta(seconds=after))


@pytest.mark.django_db(transaction=True)
def test_ops_get_a_mail_when_no_worker_has_shown_a_pulse_for_a_minute(watch, office, olga):  # noqa: F811
    beat(0)
    looks(watch, 0)
    looks(watch, 50)
    assert not Episode.objects.exists()
    looks(watch, 61)
    looks(watch, 63)
    assert Episode.objects.get().subject == episodes.WORKER
    ((_addresses, mail),) = office.mails
    assert mail["To"] == olga.email
    assert "No worker runs" in mail["Subject"]


@pytest.mark.django_db
def test_it_is_over_as_soon_as_a_worker_beats_again(watch):
    beat(0)
    looks(watch, 61)
    beat(0)
    looks(watch, 0)
    assert Episode.objects.get().ended_at is not None
    assert Letter.objects.count() == 1


@pytest.mark.django_db
def test_a_site_that_has_just_begun_gives_its_workers_a_minute(watch):
    beat(10_000)
    looks(watch, 50)
    assert not Episode.objects.exists()
    looks(watch, 61)
    assert Episode.objects.exists()


@pytest.mark.django_db
def test_where_no_worker_ever_ran_ops_hear_of_it_too(watch):
    looks(watch, 61)
    assert Episode.objects.exists()
