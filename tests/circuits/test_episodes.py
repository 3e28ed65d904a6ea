"""Ops are told once of an outage: when it begins, when it lasts, when it has been over for a minute."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import writing
from accounts.models import Kind, Letter, Preferences
from circuits import episodes
from circuits.models import Change, Circuit, Episode
from live.writes import write


@pytest.fixture
def payments(db):
    return Circuit.objects.create(service="payments", written_at=timezone.now())


def changes(circuit, source, target, at=None, **more):
    number = circuit.changes.count() + 1
    with write():
        change = Change.objects.create(
            circuit=circuit,
            number=number,
            at=at or timezone.now(),
            kind="changed",
            source=source,
            target=target,
            **more,
        )
        episodes.follow(circuit, change)


def letters(*what):
    return [one.data["what"] for one in Letter.objects.order_by("pk") if not what or one.data["what"] in what]


def later(minutes):
    """As if so much time had passed since the episode began, and ended."""
    for episode in Episode.objects.all():
        episode.began_at -= timedelta(minutes=minutes)
        episode.ended_at = episode.ended_at and episode.ended_at - timedelta(minutes=minutes)
        episode.save()


def test_each_of_ops_is_told_once_when_a_circuit_opens(payments, olga, maria):
    changes(payments, "closed", "open", cause="failures", reason="5 failures in a row", sample="503", caller="w-1")
    changes(payments, "open", "half_open", cause="time")
    changes(payments, "half_open", "open", cause="probe_failed")
    letter = Letter.objects.get()
    assert (letter.user, letter.kind, letter.data["what"]) == (olga, Kind.OPS, "begins")
    assert Episode.objects.get().cause == "5 failures in a row, “503”, w-1"


def test_without_anybody_in_ops_the_admins_are_told(payments, maria, boss):
    changes(payments, "closed", "open", cause="failures")
    assert Letter.objects.get().user == boss


def test_who_does_not_want_it_is_not_told(payments, olga):
    Preferences.objects.create(user=olga, ops=False)
    changes(payments, "closed", "open", cause="failures")
    assert not Letter.objects.exists()


def test_the_letter_names_the_circuit_the_cause_and_its_page(payments, olga, settings):
    settings.LEITSTAND_BASE_URL = "https://leitstand.example"
    changes(payments, "closed", "open", cause="failures", reason="5 failures in a row")
    message = writing.write(Letter.objects.get())
    assert message.subject == "The circuit payments is open: 5 failures in a row"
    assert "https://leitstand.example/circuits/payments/" in message.text
    assert "https://leitstand.example/circuits/payments/" in message.html


def test_that_it_opened_is_no_news_any_more_once_it_is_closed(payments, olga):
    changes(payments, "closed", "open", cause="failures")
    changes(payments, "open", "closed", cause="override")
    assert writing.write(Letter.objects.get()) is None


def test_one_that_stays_open_is_told_of_once_more(payments, olga, settings):
    changes(payments, "closed", "open", cause="failures")
    assert episodes.tell_due() == 0
    later(settings.TELL_AGAIN_SECONDS / 60)
    assert [episodes.tell_due(), episodes.tell_due()] == [1, 0]
    assert letters() == ["begins", "lasts"]


def test_with_the_setting_at_nought_nobody_is_told_again(payments, olga, settings):
    settings.TELL_AGAIN_SECONDS = 0
    changes(payments, "closed", "open", cause="failures")
    later(600)
    assert episodes.tell_due() == 0


def test_that_it_is_closed_is_told_once_it_has_been_well_for_a_minute(payments, olga):
    changes(payments, "closed", "open", cause="failures")
    changes(payments, "half_open", "closed", at=timezone.now(), cause="probes_ok")
    assert episodes.tell_due() == 0
    later(2)
    assert [episodes.tell_due(), episodes.tell_due()] == [1, 0]
    assert letters() == ["begins", "ends"]


def test_one_that_opens_again_within_a_minute_is_the_same_outage(payments, olga):
    changes(payments, "closed", "open", cause="failures")
    for _ in range(10):
        changes(payments, "half_open", "closed", at=timezone.now(), cause="probes_ok")
        assert episodes.tell_due() == 0
        changes(payments, "closed", "open", at=timezone.now(), cause="failures")
    assert letters() == ["begins"]
    assert Episode.objects.get().ended_at is None


def test_one_that_opens_again_after_that_is_another(payments, olga):
    changes(payments, "closed", "open", cause="failures")
    changes(payments, "half_open", "closed", at=timezone.now(), cause="probes_ok")
    later(2)
    episodes.tell_due()
    changes(payments, "closed", "open", at=timezone.now(), cause="failures")
    assert letters() == ["begins", "ends", "begins"]


@pytest.mark.parametrize("target", ["closed", "disabled", "metrics_only"])
def test_an_outage_ends_with_any_state_that_lets_calls_through(payments, olga, target):
    changes(payments, "closed", "forced_open", cause="override", actor="olga", reason="they move house")
    changes(payments, "forced_open", target, cause="override")
    assert Episode.objects.get().ended_at is not None


def test_new_settings_and_orders_that_did_not_count_are_no_outage(payments, olga):
    with write():
        for number, kind in enumerate(["configured", "refused"], 1):
            change = Change.objects.create(
                circuit=payments,
                number=number,
                at=timezone.now(),
                kind=kind,
                source="open",
                target="open",
                cause="order",
            )
            episodes.follow(payments, change)
    assert not Episode.objects.exists()
