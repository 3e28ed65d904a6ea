"""A password is changed by who knows it, and reset by who reads the mail."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from accounts import services
from accounts.models import Letter
from audit.models import Entry
from tests.accounts.conftest import with_address

NEW = "a-long-new-password-7"
CHANGE, FORGOTTEN = "/accounts/password/", "/accounts/reset/"


def change(client, old="pass", new=NEW, again=NEW):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": again})


def test_it_is_changed_with_the_old_one(client, maria):
    client.force_login(maria)
    assert change(client).headers["Location"] == "/accounts/"
    assert User.objects.get(pk=maria.pk).check_password(NEW)
    assert client.get("/accounts/").status_code == 200, "here one stays signed in"
    assert Entry.objects.get(stream=f"account:{maria.pk}").kind == "account.password_changed"


def test_other_browsers_are_signed_out_by_a_change(client, maria):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(maria)
    client.force_login(maria)
    change(client)
    assert elsewhere.get("/accounts/").status_code == 302


@pytest.mark.parametrize("wrong", [{"old": "guess"}, {"new": "x", "again": "x"}, {"again": "another-long-one-8"}])
def test_what_does_not_fit_changes_nothing_and_says_so(client, maria, wrong):
    client.force_login(maria)
    assert "Not changed." in change(client, **wrong).content.decode()
    assert User.objects.get(pk=maria.pk).check_password("pass")


def ask(client, address="maria@example.org", **more):
    return client.post(FORGOTTEN, {"email": address}, **more)


def link_in(office):
    text = office.mail_to("maria@example.org").get_body(("plain",)).get_content()
    return re.search(r"https://leitstand\.example(/accounts/reset/\S+)", text).group(1)


@pytest.fixture
def asked(client, office, courier, maria):
    with_address(maria)
    ask(client)
    courier.go()
    return link_in(office)


def test_the_sign_in_page_leads_to_it(client, db):
    assert f'href="{FORGOTTEN}"' in client.get("/accounts/login/").content.decode()
    assert client.get(FORGOTTEN).status_code == 200


def test_the_whole_way_back_in(client, asked, maria):
    page = client.get(asked, follow=True)
    assert "Choose a new password" in page.content.decode()
    assert User.objects.get(pk=maria.pk).check_password("pass"), "opening a link changes nothing"
    done = client.post(page.redirect_chain[-1][0], {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert "Sign in with it." in done.content.decode()
    assert client.login(username="maria", password=NEW)
    assert Entry.objects.get(stream=f"account:{maria.pk}").kind == "account.password_reset"


def test_a_link_counts_once(client, asked):
    form = client.get(asked, follow=True).redirect_chain[-1][0]
    client.post(form, {"new_password1": NEW, "new_password2": NEW})
    client.logout()
    page = client.get(asked, follow=True).content.decode()
    assert "does not count any more" in page
    assert f'href="{FORGOTTEN}"' in page


def test_a_link_that_somebody_made_up_changes_nothing(client, db):
    assert "does not count any more" in client.get("/accounts/reset/MQ/made-up/").content.decode()
    assert client.get("/accounts/reset/%00/x-y/").status_code == 200


def test_the_link_is_the_sites_whatever_host_a_request_names(client, office, courier, maria, settings):
    settings.ALLOWED_HOSTS = ["*"]
    with_address(maria)
    ask(client, headers={"host": "evil.example"})
    courier.go()
    assert "evil.example" not in office.mail_to("maria@example.org").as_string()
    assert link_in(office)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, office, courier, maria):
    known, unknown = ask(client, "maria@example.org"), ask(client, "nobody@example.org")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    courier.go()
    assert office.mails == []


def test_somebody_inactive_gets_none(client, office, courier, maria):
    with_address(maria)
    User.objects.update(is_active=False)
    ask(client)
    courier.go()
    assert office.mails == []


def test_asking_again_and_again_sends_one(client, office, courier, maria, monkeypatch):
    monkeypatch.setattr(services.time, "time", lambda: 1_000_000.0)
    with_address(maria)
    for _number in range(5):
        ask(client)
    courier.go()
    assert len(office.mails) == 1


def test_the_page_does_not_wait_for_a_server_that_is_down_and_the_mail_comes_later(client, office, courier, maria):
    office.close()
    with_address(maria)
    assert ask(client).status_code == 302
    office.open()
    courier.go()
    assert link_in(office)


def test_a_letter_that_waited_too_long_is_not_sent(client, office, courier, maria):
    with_address(maria)
    ask(client)
    Letter.objects.update(made_at=timezone.now() - timedelta(hours=2))
    courier.go()
    assert office.mails == []


def test_no_table_holds_the_token(asked):
    token = asked.rstrip("/").rpartition("/")[2]
    assert token not in str(list(Letter.objects.values()))
