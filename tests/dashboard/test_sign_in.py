"""Who gets in, by which door, and where to."""

import pytest
from django.urls import reverse

from dashboard.demo.people import MARK

LOGIN, DEMO, OUT = "/accounts/login/", "/accounts/demo/", "/accounts/logout/"


@pytest.fixture
def maria(maria):
    """Maria as the demo makes her."""
    maria.email = f"maria{MARK}"
    maria.save()
    return maria


def who(client):
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("address", ["/", "/approvals/", "/approvals/new/", "/audit/"])
def test_a_stranger_is_sent_to_the_sign_in_page(client, db, address):
    assert client.get(address).headers["Location"].startswith(LOGIN)


def test_the_right_password_lets_in_and_leads_where_the_person_wanted_to_go(client, maria):
    answer = client.post(LOGIN, {"username": "maria", "password": "pass", "next": "/approvals/?view=mine"})
    assert answer.headers["Location"] == "/approvals/?view=mine"
    assert who(client) == str(maria.pk)


def test_a_wrong_password_is_told_in_a_sentence_and_the_name_is_kept(client, maria):
    page = client.post(LOGIN, {"username": "maria", "password": "wrong"}).content.decode()
    assert "Not signed in." in page
    assert 'value="maria"' in page
    assert who(client) is None


def test_an_empty_form_says_what_to_fill_in(client, db):
    assert "Fill in both" in client.post(LOGIN, {}).content.decode()


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "javascript:alert(1)", r"\\evil.example"])
@pytest.mark.parametrize("door", [LOGIN, DEMO])
def test_neither_door_leads_off_this_site(client, maria, settings, door, evil):
    settings.DEMO = True
    answer = client.post(door, {"username": "maria", "password": "pass", "next": evil})
    assert answer.headers["Location"] == "/"
    assert who(client) == str(maria.pk)


def test_the_demo_door_lets_in_without_a_password(client, maria, settings):
    settings.DEMO = True
    page = client.get(LOGIN).content.decode()
    assert "Maria Berg" in page
    assert "Director" not in page  # dirk is not in this database
    answer = client.post(DEMO, {"username": "maria", "next": "/approvals/"})
    assert answer.headers["Location"] == "/approvals/"
    assert who(client) == str(maria.pk)


def test_there_is_no_demo_door_outside_the_demo(client, maria, settings):
    settings.DEMO = False
    assert "demo" not in client.get(LOGIN).content.decode()
    assert client.post(DEMO, {"username": "maria"}).status_code == 404
    assert who(client) is None


def test_the_demo_door_is_for_the_people_of_the_demo_only(client, auditor, settings):
    settings.DEMO = True
    assert client.post(DEMO, {"username": auditor.username}).headers["Location"] == LOGIN
    assert who(client) is None


def test_the_demo_door_does_not_let_in_as_somebody_who_was_here_before_the_demo(client, boss, settings):
    settings.DEMO = True  # by mistake, over a real database with an "admin" of its own
    assert "come in as" not in client.get(LOGIN).content.decode()
    client.post(DEMO, {"username": boss.username})
    assert who(client) is None


def test_the_demo_door_does_not_let_in_who_is_no_longer_active(client, maria, settings):
    settings.DEMO, maria.is_active = True, False
    maria.save()
    client.post(DEMO, {"username": "maria"})
    assert who(client) is None


def test_the_demo_door_does_not_open_by_a_link(client, maria, settings):
    settings.DEMO = True
    assert client.get(DEMO, {"username": "maria"}).status_code == 405
    assert who(client) is None


def test_the_demo_door_wants_the_token_of_its_form(maria, settings):
    from django.test import Client

    settings.DEMO, client = True, Client(enforce_csrf_checks=True)
    assert client.post(DEMO, {"username": "maria"}).status_code == 403
    assert who(client) is None


def test_signing_out_is_a_button_not_a_link(client, maria):
    client.force_login(maria)
    assert client.get(OUT).status_code == 405
    assert who(client) == str(maria.pk)
    assert client.post(OUT).headers["Location"] == reverse("login")
    assert who(client) is None
