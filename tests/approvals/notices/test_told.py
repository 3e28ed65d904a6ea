"""The history of a request says who was told and when, and who could not be and why."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import purging
from accounts.hosts import read
from accounts.models import Letter
from accounts.receivers import Delivery
from tests.accounts.conftest import due_now
from tests.accounts.receiver import Program, says
from tests.accounts.test_webhooks import receiver, serve
from tests.approvals.notices.conftest import asked, closes, opens
from tests.approvals.web.making import queries_of, text
from tests.conftest import person


def history(client, request, viewer):
    client.force_login(viewer)
    return text(client.get(request.get_absolute_url()))


def test_it_names_who_was_told_once_the_mail_went_out(client, rita, maria, office, courier):
    person("peter", "manager", first_name="Peter", last_name="Holt")
    request = opens(asked(rita, "manager"))
    assert "by mail" not in history(client, request, rita)
    courier.go()
    assert "Told by mail that it waits for them: Maria Berg and Peter Holt." in history(client, request, rita)


def test_it_says_that_the_outcome_was_told(client, rita, maria, office, courier):
    request = closes(asked(rita, "manager"), "approved")
    courier.go()
    assert "Told by mail what came of it: Rita Lang." in history(client, request, rita)


def test_it_says_while_the_server_is_down_that_it_is_tried_again_and_then_that_it_worked(
    client, rita, maria, office, courier
):
    office.close()
    request = opens(asked(rita, "manager"))
    courier.go()
    sentence = "Not told by mail yet: Maria Berg (the mail server does not answer). It is tried again."
    assert sentence in history(client, request, rita)
    office.open()
    due_now()
    courier.go()
    shown = history(client, request, rita)
    assert "Not told" not in shown
    assert "Told by mail that it waits for them: Maria Berg." in shown


def test_it_says_why_somebody_could_not_be_told_and_shows_no_address(client, rita, maria, office, courier):
    person("peter", "manager", first_name="Peter", email="")
    office.answers["maria@example.org"] = "550 5.1.1 <maria@example.org> unknown"
    request = opens(asked(rita, "manager"))
    courier.go()
    shown = history(client, request, rita)
    assert "Could not be told by mail: Maria Berg (the mail server refuses the address)." in shown
    assert "Could not be told by mail: Peter (no mail address is known)." in shown
    assert "maria@example.org" not in shown


def test_in_the_demo_it_says_that_the_mail_is_in_the_log_only(client, rita, maria, office, courier, settings):
    settings.MAIL_IN_LOG = True
    request = opens(asked(rita, "manager"))
    courier.go()
    assert "is in the log, for no mail server is set: Maria Berg." in history(client, request, rita)


def test_of_many_it_names_some_and_counts_the_others(client, rita, office, courier):
    for number in range(8):
        person(f"p{number}", "manager")
    request = opens(asked(rita, "manager"))
    courier.go()
    assert "p0, p1, p2, p3, p4 and 3 others." in history(client, request, rita)


def test_it_costs_one_query_however_many_were_told(rita, maria, office, courier):
    from approvals.history import history_of

    request = opens(asked(rita, "manager"))
    courier.go()
    one = queries_of(lambda: history_of(request.stream, {}))
    for number in range(10):
        person(f"p{number}", "vp")
    request.steps.create(index=1, level="vp", timeout_seconds=9)
    opens(request, 1)
    courier.go()
    assert Letter.objects.count() == 11
    assert queries_of(lambda: history_of(request.stream, {})) == one


@pytest.mark.parametrize(("state", "number"), [("waiting", 1), ("sending", 1), ("sent", 0), ("failed", 0)])
def test_how_many_letters_wait_is_on_metrics(client, rita, maria, state, number, monkeypatch):
    from live import queries

    monkeypatch.setattr(queries, "_temporal_answers", lambda: True)
    opens(asked(rita, "manager"))
    Letter.objects.update(state=state)
    assert f"leitstand_mail_waiting {number}.0" in client.get("/metrics").content.decode()


# --- by webhook ---------------------------------------------------------------------------------------------------


@pytest.fixture
def program(settings):
    settings.WEBHOOK_HOSTS = read("127.0.0.1")
    program = Program()
    yield program
    program.close()


def test_it_names_the_programs_that_were_told(client, rita, maria, program):
    receiver(program, "ERP")
    receiver(program, "Archive")
    request = opens(asked(rita, "manager"))
    assert "by webhook" not in history(client, request, rita)
    serve()
    assert "Told by webhook (a level of a request waits): Archive and ERP." in history(client, request, rita)


def test_it_says_why_a_program_could_not_be_told_and_shows_no_address(client, rita, maria, program):
    receiver(program, "ERP")
    program.answer = says(500)
    request = opens(asked(rita, "manager"))
    serve()
    shown = history(client, request, rita)
    assert "Not told by webhook yet (a level of a request waits): ERP; it answers with an error." in shown
    Delivery.objects.update(state="failed")
    shown = history(client, request, rita)
    assert "Could not be told by webhook (a level of a request waits): ERP; it answers with an error." in shown
    assert "127.0.0.1" not in shown


# --- when it is long ago ------------------------------------------------------------------------------------------


def test_after_its_time_the_history_says_the_same_without_the_letters(client, rita, maria, office, courier, program):
    receiver(program, "ERP")
    person("peter", "manager", first_name="Peter", email="")
    request = opens(asked(rita, "manager"))
    courier.go()
    serve()
    closes(request, "approved")
    courier.go()
    serve()
    before = history(client, request, rita)
    assert before.count("Told by") == 4
    assert purging.purge(timezone.now() + timedelta(days=1)) == 5
    assert not Letter.objects.exists()
    assert not Delivery.objects.exists()
    assert history(client, request, rita) == before
