"""What the mails say, over a real mail server."""

import html

import pytest
from django.contrib.auth.models import User

from accounts.models import Letter, Preferences
from tests.approvals.notices.conftest import asked, closes, opens

TEN = 1_767_261_600.0  # 1 January 2026, 10:00 UTC
FAR = 10 * 365 * 86_400.0


def subject_of(mail):
    """A long one begins on a line of its own, whose space is no part of it."""
    return mail["Subject"].strip()


def parts(mail):
    return mail.get_body(("plain",)).get_content(), html.unescape(mail.get_body(("html",)).get_content())


def test_a_waiting_level_is_told_with_reference_amount_title_deadline_and_a_link(rita, maria, office, courier):
    request = opens(asked(rita, "manager"), at=TEN, lasts=FAR)
    courier.go()
    mail = office.mail_to("maria@example.org")
    assert subject_of(mail) == f"{request.reference} · 250,000.00 € · Forklift: waits for you"
    for body in parts(mail):
        assert "Hello Maria Berg," in body
        assert "Rita Lang" in body
        assert "250,000.00" in body
        assert request.reference in body
        assert "until 30 Dec 2035, 10:00 UTC" in body
        assert f"https://leitstand.example{request.get_absolute_url()}" in body


def test_times_are_in_the_zone_of_whoever_reads(rita, maria, office, courier):
    Preferences.objects.create(user=maria, time_zone="Asia/Tokyo")
    opens(asked(rita, "manager"), at=TEN, lasts=FAR)
    courier.go()
    for body in parts(office.mail_to("maria@example.org")):
        assert "30 Dec 2035, 19:00 JST" in body


def test_opening_the_link_decides_nothing(rita, maria, office, courier, client):
    request = opens(asked(rita, "manager"))
    courier.go()
    text, _html = parts(office.mail_to("maria@example.org"))
    path = next(line for line in text.splitlines() if "/approvals/" in line).removeprefix("https://leitstand.example")
    assert client.get(path).status_code == 302, "without signing in it shows nothing"
    client.force_login(User.objects.get(username="maria"))
    assert client.get(path).status_code == 200
    request.refresh_from_db()
    assert request.is_open
    assert not request.attempts.exists()


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x1b", "\x07"])
def test_a_title_cannot_add_a_header(rita, maria, office, courier, break_):
    opens(asked(rita, "manager", title=f"Forklift{break_}Bcc: everybody@example.org{break_}{break_}Hi"))
    courier.go()
    mail = office.mail_to("maria@example.org")
    assert office.recipients == ["maria@example.org"]
    assert mail["Bcc"] is None
    assert "Forklift Bcc: everybody@example.org Hi: waits for you" in subject_of(mail)


def test_a_title_with_markup_stays_text(rita, maria, office, courier):
    opens(asked(rita, "manager", title="<b>5 & 6</b>"))
    courier.go()
    mail = office.mail_to("maria@example.org")
    assert "<b>5 & 6</b>" in subject_of(mail)
    assert "<b>5 & 6</b>" in mail.get_body(("plain",)).get_content()
    assert "&lt;b&gt;5 &amp; 6&lt;/b&gt;" in mail.get_body(("html",)).get_content()


def test_the_longest_title_and_any_script_arrive(rita, maria, office, courier):
    opens(asked(rita, "manager", title="Gabelstapler für Übergröße 叉車 " + "x" * 160))
    courier.go()
    subject = subject_of(office.mail_to("maria@example.org"))
    assert "Übergröße 叉車" in subject
    assert len(subject) <= 200
    assert Letter.objects.get().state == "sent"


def test_a_request_without_an_amount_is_told_too(rita, maria, office, courier):
    opens(asked(rita, "manager", amount=None))
    courier.go()
    assert "· no amount ·" in subject_of(office.mail_to("maria@example.org"))


def test_the_outcome_goes_to_the_requester_with_the_reason(rita, maria, office, courier):
    request = closes(asked(rita, "manager"), "rejected", "No room <in> the hall")
    courier.go()
    mail = office.mail_to("rita@example.org")
    assert subject_of(mail) == f"{request.reference} · 250,000.00 € · Forklift: rejected"
    for body in parts(mail):
        assert "what you asked for is rejected." in body
        assert "No room <in> the hall" in body
        assert f"https://leitstand.example{request.get_absolute_url()}" in body
