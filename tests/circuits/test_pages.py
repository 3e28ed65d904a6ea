"""The list and the page of a circuit say what is the matter, in every state, to everybody signed in."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from circuits.models import Rung, Service
from tests.circuits import machine
from tests.circuits.machine import STATES, written
from tests.dashboard.html import doubled_ids, refused_by_the_policy


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    """It answers, no worker runs: what is shown was written down, and the page says so."""
    monkeypatch.setattr("live.queries._temporal_answers", lambda: True)


def test_without_a_circuit_the_page_teaches_how_one_begins(see, rita):
    page = see(rita, "/circuits/")
    assert "No circuit yet" in page
    assert 'guard.call("payments")' in page


HEADLINES = {
    "closed": "All two circuits are closed",
    "open": "One of two circuits is open",
    "half_open": "One of two circuits is half open",
    "forced_open": "One of two circuits is open",
    "disabled": "One of two circuits does not protect",
    "metrics_only": "One of two circuits does not protect",
}


@pytest.mark.parametrize("state", STATES)
def test_the_headline_says_the_situation(see, rita, state):
    written("payments", STATES[state])
    written("mail")
    assert HEADLINES[state].lower() in see(rita, "/circuits/").lower()


def test_one_that_nobody_reports_on_is_never_called_healthy(see, rita):
    written("archive", ago=600)
    for address in ("/circuits/", "/circuits/archive/"):
        page = see(rita, address)
        assert "No data" in page
        assert "That is not the same as healthy." in page
        assert "is closed" not in page


def test_what_needs_a_person_stands_first(see, rita):
    for name, state in (("a", "closed"), ("b", "half_open"), ("c", "open"), ("d", "disabled")):
        written(name, STATES[state])
    page = see(rita, "/circuits/")
    assert [page.index(f"Details of {name}") for name in "cbda"] == sorted(
        page.index(f"Details of {name}") for name in "abcd"
    )


def test_the_filter_leaves_what_needs_a_look(see, rita):
    written("payments", machine.opens)
    written("mail")
    page = see(rita, "/circuits/?show=needs")
    assert "Details of payments" in page
    assert "Details of mail" not in page
    assert "Needs a look 1" in page
    assert "All 2" in page


def test_with_nothing_to_look_at_the_filter_says_so(see, rita):
    written("mail")
    assert "None is open, half open or forced open." in see(rita, "/circuits/?show=needs")


ONE = {
    "closed": "payments is closed",
    "open": "until 2 trials go out",
    "half_open": "payments is half open: 0 of 2 trials good",
    "forced_open": "payments is forced open",
    "disabled": "payments is switched off",
    "metrics_only": "payments is only observed, and would be open",
}


@pytest.mark.parametrize("state", STATES)
def test_the_page_of_one_says_its_state_and_holds_what_the_policy_allows(client, see, rita, state):
    written("payments", STATES[state])
    assert ONE[state] in see(rita, "/circuits/payments/")
    for address in ("/circuits/payments/", "/circuits/"):
        html = client.get(address).content.decode()
        assert not refused_by_the_policy(html)
        assert not doubled_ids(html)


def test_an_open_one_says_since_when_why_and_who_met_it(see, rita):
    written("payments", machine.opens)
    page = see(rita, "/circuits/payments/")
    assert "after 5 failures in a row, last: “ 503 upstream connect error ”, worker-2:9" in page
    assert "5 of 5" in page


def test_a_trial_that_is_out_names_its_owner_and_its_time(see, rita):
    written("payments", machine.half_opens)
    page = see(rita, "/circuits/payments/")
    assert "worker-2:9/1" in page
    assert "until its place is given away" in page


def test_an_override_says_who_why_until_when_and_what_then(see, rita):
    written("payments", machine.forced)
    page = see(rita, "/circuits/payments/")
    assert "olga" in page
    assert "they move house" in page
    assert "It becomes half open by itself: 2 trial calls decide whether it closes." in page


def test_with_no_worker_the_last_known_is_shown_with_its_age(see, rita):
    written("payments", machine.opens)
    assert "Last known: one of one" not in see(rita, "/circuits/")
    for address in ("/circuits/", "/circuits/payments/"):
        page = see(rita, address)
        assert "No worker runs." in page
        assert "this is what was known last" in page
    assert "Last known: the circuit is open" in see(rita, "/circuits/")


def test_with_temporal_away_too(see, rita, monkeypatch):
    from live.models import Pulse

    monkeypatch.setattr("circuits.told.system", lambda: _away())
    assert not Pulse.objects.exists()
    written("payments", machine.opens)
    assert "Temporal does not answer." in see(rita, "/circuits/payments/")


def _away():
    from django.utils import timezone

    from live.queries import System

    return System([], True, False, timezone.now())


def test_a_registered_service_that_nobody_has_called_has_a_page(see, rita):
    service = Service.objects.create(name="geocoder", title="Geocoder")
    Rung.objects.create(service=service, name="cache", timeout_seconds=5, attempts=2)
    assert "Geocoder has not begun: no data yet" in see(rita, "/circuits/geocoder/")
    assert "5 s, 2 tries" in see(rita, "/circuits/geocoder/")
    assert "Nobody has called it yet" in see(rita, "/circuits/")


@pytest.mark.parametrize("name", ["nobody", "a/b", "ä ö", "x" * 300, "order", "a/order", "%00"])
def test_a_service_that_nobody_knows_is_a_404_in_words(see, rita, name):
    assert "There is nothing here for you" in see(rita, f"/circuits/{name}/", status=404)


@pytest.mark.parametrize("name", ["Payments EU", "a/b", "a/order", "größe", "x?y#z", "a:b"])
def test_a_service_may_be_called_anything(see, rita, name):
    row = written(name, machine.opens)
    assert "until 2 trials go out" in see(rita, row.get_absolute_url())


def test_who_is_not_signed_in_sees_nothing(client, db):
    for address in ("/circuits/", "/circuits/payments/"):
        assert client.get(address).status_code == 302


def test_what_others_wrote_stays_text(client, rita):
    def rubbish(machine_, now):
        from worker.resilience.report import Report

        machine_.record(Report(failed=5, caller="<b>w", sample="<script>alert(1)</script>"), now)

    written("<i>pay", rubbish)
    client.force_login(rita)
    for address in ("/circuits/", "/circuits/%3Ci%3Epay/"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>w" not in page
        assert "<i>pay" not in page


def test_the_number_of_queries_does_not_grow_with_the_circuits(client, rita):
    client.force_login(rita)

    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/circuits/").status_code == 200
        return len(seen)

    written("a", machine.opens)
    Service.objects.create(name="a")
    few = queries()
    for number in range(30):
        written(f"s{number}", list(STATES.values())[number % 6])
        Service.objects.create(name=f"s{number}")
    assert queries() == few < 24


def test_a_row_that_cannot_be_read_here_still_has_its_page(see, rita):
    row = written("payments", machine.opens)
    row.kept = {"kind": "circuit", "version": 99, "state": {}}
    row.save()
    assert "until 2 trials go out" in see(rita, "/circuits/payments/")
