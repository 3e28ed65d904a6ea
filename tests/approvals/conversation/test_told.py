"""Who is told by mail of a comment, a question and an answer; what it says; and that what is no news is not sent."""

import html

import pytest

from accounts.models import Letter, Preferences
from approvals.models import LevelHolder
from tests.accounts.conftest import due_now
from tests.approvals.conversation.conftest import answers, asks, says, shows
from tests.approvals.notices.conftest import said, told
from tests.approvals.web.making import decided, request_of, text
from tests.conftest import person


def test_a_comment_tells_the_requester_and_never_its_author(one, maria, rita):
    says(maria, one)
    assert told("comment") == ["rita"]
    Letter.objects.all().delete()
    says(rita, one)
    assert told("comment") == ["maria"]


def test_a_comment_tells_those_who_wrote_before_and_those_who_have_decided(rita, maria, dirk, auditor):
    one = request_of(rita, "manager", "director", at=1)
    decided(one, 0, maria)
    says(auditor, one)
    assert told() == ["maria", "rita"]
    Letter.objects.all().delete()
    says(dirk, one)
    assert told() == ["august", "maria", "rita"]


def test_a_comment_does_not_tell_those_who_only_could_decide(one, maria, dirk, rita):
    person("peter", "manager")
    says(dirk, one)
    assert told() == ["rita"]


def test_a_question_tells_the_requester_alone(one, maria, dirk):
    says(dirk, one)
    Letter.objects.all().delete()
    asks(maria, one)
    assert told() == told("question") == ["rita"]


def test_an_answer_tells_who_asked_and_those_who_can_decide_now(one, maria, dirk, rita, auditor):
    person("peter", "manager")
    question = asks(auditor, one)
    answers(rita, question)
    assert told("answer") == ["august", "maria", "peter"]


def test_an_answer_after_the_close_tells_who_asked(one, auditor, rita):
    question = asks(auditor, one)
    one.steps.update(state="skipped")
    answers(rita, question)
    assert told("answer") == ["august"]


@pytest.mark.parametrize("kind", ["comment", "question", "answer"])
def test_each_of_them_can_be_switched_off(one, maria, rita, kind):
    for user in (maria, rita):
        Preferences.objects.create(user=user, **{kind: False})
    answers(rita, asks(maria, one))
    says(maria, one)
    assert told(kind) == []
    assert len(told()) == 2


def test_the_account_page_offers_all_three(client, rita):
    client.force_login(rita)
    body = client.get("/accounts/").content.decode()
    for kind in ("question", "answer", "comment"):
        assert f'name="{kind}"' in body
    chosen = {"time_zone": "", "language": "en", "question": "on"}
    assert client.post("/accounts/", chosen).status_code == 302
    mine = Preferences.objects.get(user=rita)
    assert (mine.question, mine.answer, mine.comment) == (True, False, False)


def test_somebody_inactive_is_not_told(one, maria, rita):
    rita.is_active = False
    rita.save()
    says(maria, one)
    assert told() == []


def test_a_request_of_a_program_has_nobody_to_tell(maria, dirk):
    says(maria, request_of(None, "manager"))
    assert told() == []


# --- what they say ------------------------------------------------------------------------------------------------


def mail_to(office, who):
    mail = office.mail_to(f"{who}@example.org")
    bodies = mail.get_body(("plain",)).get_content(), html.unescape(mail.get_body(("html",)).get_content())
    return mail["Subject"].strip(), bodies


def test_a_question_says_who_asks_what_with_a_link_to_it(one, maria, office, courier):
    question = asks(maria, one, "Why not <b>rent</b> it?")
    courier.go()
    subject, bodies = mail_to(office, "rita")
    assert subject == f"{one.reference} · 250,000.00 € · Forklift: Maria Berg asks you"
    for body in bodies:
        assert "Hello Rita Lang," in body
        assert "Why not <b>rent</b> it?" in body
        assert "\n\n\n" not in body.replace("\r", "") or "<html" in body
        assert "The time to decide runs on meanwhile." in body
        assert f"https://leitstand.example{one.get_absolute_url()}#remark-{question.pk}" in body
    raw = office.mail_to("rita@example.org").get_body(("html",)).get_content()
    assert "<b>rent" not in raw


def test_an_answer_says_the_question_again(one, maria, rita, office, courier):
    question = asks(maria, one)
    courier.go()
    person("peter", "manager")
    answers(rita, question)
    courier.go()
    subject, bodies = mail_to(office, "maria")
    assert subject.endswith("Forklift: Rita Lang answers")
    assert all("You had asked:" in body and "Why not rent it?" in body and "It costs more." in body for body in bodies)
    assert all("Maria Berg had asked:" in body for body in mail_to(office, "peter")[1])


def test_a_comment_says_who_and_what(one, maria, office, courier):
    says(maria, one, "Line one.\nLine two.")
    courier.go()
    subject, (plain, rich) = mail_to(office, "rita")
    assert subject.endswith("Forklift: Maria Berg comments")
    assert "“Line one.\r\nLine two.”" in plain
    assert "Line one.<br>Line two." in rich


# --- what is no news ----------------------------------------------------------------------------------------------


def test_a_question_that_was_answered_meanwhile_is_not_sent(one, maria, rita):
    question = asks(maria, one)
    letter = Letter.objects.get(kind="question")
    assert said(letter)
    answers(rita, question)
    assert said(letter) is None


def test_who_may_not_see_the_request_any_more_is_not_told_what_is_said_there(one, maria, rita):
    says(maria, one)
    says(rita, one)
    letter = Letter.objects.get(user=maria)
    assert said(letter)
    LevelHolder.objects.filter(user=maria).delete()
    assert said(letter) is None


def test_who_cannot_decide_any_more_is_not_told_of_an_answer_but_who_asked_is(one, dirk, maria, rita):
    answers(rita, asks(dirk, one))
    letters = {letter.user.username: letter for letter in Letter.objects.filter(kind="answer")}
    assert set(letters) == {"dirk", "maria"}
    one.steps.update(state="approved")
    assert said(letters["maria"]) is None
    assert said(letters["dirk"])


# --- the history says who was told ----------------------------------------------------------------------------------


def test_the_history_says_who_was_told(client, one, maria, rita, office, courier):
    question = asks(maria, one)
    courier.go()
    answers(rita, question)
    says(maria, one)
    office.answers["maria@example.org"] = "550 5.1.1 unknown"
    courier.go()
    due_now()
    shown = text(shows(client, rita, one))
    assert "Told by mail of the question: Rita Lang." in shown
    assert "Told by mail of the comment: Rita Lang." in shown
    assert "Could not be told by mail: Maria Berg (the mail server refuses the address)." in shown
