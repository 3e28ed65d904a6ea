"""Comments, questions and answers: who may say what, once, for good, and in the ledger."""

import threading
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from approvals import talking
from approvals.models import Level, LevelHolder, Remark, Status
from audit.models import Entry
from tests.approvals.conversation.conftest import K, answers, asks, post, says, shows
from tests.approvals.web.making import request_of, text
from tests.conftest import person

HTMX = {"headers": {"HX-Request": "true"}}


def entries(one):
    return [(entry.kind, entry.actor, entry.data) for entry in Entry.objects.filter(stream=one.stream).order_by("seq")]


# --- comments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["rita", "maria", "dirk", "auditor", "boss"])
def test_whoever_sees_a_request_can_comment(request, client, one, who):
    user = request.getfixturevalue(who)
    response = post(client, user, one, "Is in the budget.")
    remark = one.remarks.get()
    assert (response.status_code, response["Location"]) == (303, f"{one.get_absolute_url()}#remark-{remark.pk}")
    assert (remark.text, remark.author, remark.kind) == ("Is in the budget.", user, "comment")
    assert "Is in the budget." in text(shows(client, user, one))


@pytest.mark.parametrize("who", ["vera", "olga"])
def test_for_whoever_does_not_see_it_there_is_nothing_to_say(request, client, one, who):
    user = request.getfixturevalue(who)
    missing = "/approvals/00000000-0000-4000-8000-000000000000/say/"
    assert post(client, user, one).status_code == client.post(missing).status_code == 404
    assert client.get(f"{one.get_absolute_url()}say/").status_code == 404
    assert client.get(f"{one.get_absolute_url()}conversation/").status_code == 404
    assert not Remark.objects.exists()


def test_nobody_signed_in_says_nothing(client, one):
    assert client.post(f"{one.get_absolute_url()}say/", {"text": "x"}).status_code == 302
    assert client.post(f"{one.get_absolute_url()}say/", {"text": "x"}, **HTMX).status_code == 401
    assert not Remark.objects.exists()


def test_who_lost_the_level_says_nothing_more(client, one, maria):
    LevelHolder.objects.filter(user=maria).delete()
    assert post(client, maria, one).status_code == 404


def test_a_comment_is_in_the_ledger_with_its_words_and_its_author(one, maria):
    remark = says(maria, one, "Is in the budget.")
    assert entries(one) == [("comment.added", "maria", {"remark": remark.pk, "text": "Is in the budget."})]
    assert Entry.objects.get().known == "signed_in"


@pytest.mark.django_db(transaction=True)
def test_what_cannot_go_into_the_ledger_is_not_said(one, maria, monkeypatch):
    monkeypatch.setattr(talking, "enter", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        says(maria, one)
    assert not Remark.objects.exists()


@pytest.mark.parametrize("status", [Status.APPROVED, Status.REJECTED, Status.TERMINATED])
def test_comments_stay_possible_after_the_close(client, rita, maria, status):
    one = request_of(rita, "manager", status=status)
    assert post(client, maria, one, "It came today.").status_code == 303
    assert "It came today." in text(shows(client, rita, one))


BAD = [
    ("", "Write something first"),
    (" \n\t ", "Write something first"),
    ("\u200d\u200c", "Write something first"),
    ("x" * 5_001, "5,001 characters long; at most 5,000"),
    ("Pay \u202eeciovni", "U+202E"),
    ("null\x00byte", "U+0000"),
]


@pytest.mark.parametrize(("typed", "sentence"), BAD)
def test_what_cannot_be_said_is_told_why_and_kept_as_it_was_typed(client, one, maria, typed, sentence):
    from django.utils.html import escape

    for more in ({}, HTMX):
        client.force_login(maria)
        response = client.post(f"{one.get_absolute_url()}say/", {"text": typed, "form_id": str(uuid4())}, **more)
        assert response.status_code == 400
        assert sentence in text(response)
        assert not typed.strip() or escape(typed).strip() in response.content.decode()
    assert not Remark.objects.exists()


def test_five_thousand_characters_and_several_lines_are_kept_as_they_are(client, one, maria):
    typed = "One\n\n  two\n" + "x" * 4_989
    assert post(client, maria, one, typed.replace("\n", "\r\n")).status_code == 303
    assert one.remarks.get().text == typed


def test_markup_stays_text_and_an_address_is_a_safe_link(client, one, maria):
    post(client, maria, one, "<script>alert(1)</script> https://rent.example/a, javascript:alert(1)")
    body = shows(client, maria, one).content.decode()
    assert "<script>alert" not in body
    assert 'href="https://rent.example/a" rel="noopener noreferrer nofollow"' in body
    assert 'href="javascript' not in body


# --- once ---------------------------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_one_comment(client, one, maria):
    form_id = str(uuid4())
    first, second = (post(client, maria, one, form_id=form_id) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert one.remarks.count() == len(entries(one)) == 1


def test_the_same_form_with_other_words_is_another_comment(client, one, maria):
    """Somebody went back in their browser and wrote something new: it must not vanish."""
    form_id = str(uuid4())
    for said in ("First.", "Second."):
        post(client, maria, one, said, form_id=form_id)
    assert list(one.remarks.values_list("text", flat=True)) == ["First.", "Second."]


def test_another_persons_form_id_is_not_taken_over(client, one, maria, dirk):
    form_id = str(uuid4())
    post(client, maria, one, "Same.", form_id=form_id)
    post(client, dirk, one, "Same.", form_id=form_id)
    assert list(one.remarks.values_list("author__username", flat=True)) == ["maria", "dirk"]


def test_a_form_id_that_is_none_is_given_a_new_one(client, one, maria):
    for form_id in ("", "../../etc", "x" * 10_000):
        assert post(client, maria, one, form_id=form_id).status_code == 303
    assert one.remarks.count() == 3


def test_each_page_comes_with_a_form_id_of_its_own_and_keeps_it_with_an_error(client, one, maria):
    ids = [shows(client, maria, one).content.decode().split('name="form_id" value="')[1][:36] for _ in range(2)]
    assert ids[0] != ids[1]
    assert ids[0] in post(client, maria, one, "", form_id=ids[0]).content.decode()


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_are_one_comment(one, maria):
    form_id, came = uuid4(), []

    def click():
        try:
            came.append(says(maria, one, form_id=form_id).pk)
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert len(came) == 8
    assert len(set(came)) == one.remarks.count() == 1


# --- questions and answers ----------------------------------------------------------------------------------------


def test_a_question_stops_no_clock_and_changes_no_state(one, maria):
    before = {name: getattr(one, name) for name in ("status", "deadline", "current_step", "updated_at")}
    asks(maria, one)
    one.refresh_from_db()
    assert {name: getattr(one, name) for name in before} == before


def test_question_and_answer_are_in_the_ledger_and_linked(one, maria, rita):
    question = asks(maria, one)
    answer = answers(rita, question)
    assert entries(one) == [
        ("question.asked", "maria", {"remark": question.pk, "text": "Why not rent it?"}),
        ("question.answered", "rita", {"remark": answer.pk, "text": "It costs more.", "question": question.pk}),
    ]
    question.refresh_from_db()
    assert question.answered_at == answer.at
    assert answer.question == question


def test_the_first_answer_ends_the_waiting_and_a_second_is_kept_too(one, maria, rita):
    question = asks(maria, one)
    first, second = answers(rita, question), answers(rita, question, "And it is ours then.")
    question.refresh_from_db()
    assert question.answered_at == first.at
    assert second.question == question


def test_only_the_requester_answers(client, one, maria, dirk):
    question = asks(maria, one)
    response = post(client, dirk, one, "I know it.", answer=question.pk)
    assert response.status_code == 400
    assert "Only who asked for it answers questions about it. You can comment." in text(response)
    assert "I know it." in response.content.decode()
    assert not one.remarks.filter(kind=K.ANSWER).exists()


@pytest.mark.parametrize("number", ["0", "999999", "x", "-1", "9" * 40, "٣"])
def test_a_question_that_is_not_there_is_not_answered(client, one, rita, number):
    response = post(client, rita, one, answer=number)
    assert response.status_code == 400
    assert "There is no such question on this request." in text(response)


def test_a_question_on_another_request_or_a_comment_is_not_answered(client, one, rita, maria):
    for other in (asks(maria, request_of(rita, "manager")), says(maria, one)):
        assert post(client, rita, one, answer=other.pk).status_code == 400


def test_nobody_asks_themselves(client, one, rita):
    response = post(client, rita, one, kind="question")
    assert response.status_code == 400
    assert "You asked for this yourself" in text(response)


def test_nobody_asks_a_program_and_it_is_said_before(client, maria):
    one = request_of(None, "manager", requester_name="purchasing")
    said = "“purchasing” has no account here, so nobody could answer a question. Comments are possible."
    page = shows(client, maria, one)
    assert said in text(page)
    assert 'value="question"' not in page.content.decode()
    assert said in text(post(client, maria, one, kind="question"))
    assert post(client, maria, one).status_code == 303


def test_nobody_asks_who_has_left(client, one, rita, maria):
    rita.is_active = False
    rita.save()
    assert "Rita Lang has left Leitstand" in text(shows(client, maria, one))
    assert post(client, maria, one, kind="question").status_code == 400


def test_a_question_typed_before_the_close_is_refused_after_it_and_can_be_sent_as_a_comment(client, one, maria):
    type(one).objects.update(status=Status.REJECTED, closed_at=timezone.now(), deadline=None)
    response = post(client, maria, one, "Why not rent it?", kind="question")
    assert response.status_code == 400
    assert "It is closed, so no decision waits for an answer. Comments are still possible." in text(response)
    assert "Why not rent it?" in response.content.decode()
    assert 'value="question"' not in response.content.decode()


def test_a_question_left_open_is_answered_after_the_close_too(client, one, maria, rita):
    question = asks(maria, one)
    type(one).objects.update(status=Status.REJECTED, closed_at=timezone.now(), deadline=None)
    assert post(client, rita, one, "Too late, but: it costs more.", answer=question.pk).status_code == 303


def test_the_database_keeps_answers_with_questions(one, maria):
    for wrong in ({"kind": "answer"}, {"kind": "comment", "answered_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Remark.objects.create(request=one, text="x", author=maria, author_name="maria", at=timezone.now(), **wrong)


def test_htmx_gets_the_form_anew_with_a_receipt_that_has_the_focus(client, one, maria):
    client.force_login(maria)
    sent = {"text": "Why?", "kind": "question", "form_id": str(uuid4())}
    body = client.post(f"{one.get_absolute_url()}say/", sent, **HTMX).content.decode()
    assert "Written down." in body
    assert "Rita Lang sees your question" in body
    assert 'tabindex="-1" autofocus' in body
    assert "<html" not in body
    assert sent["form_id"] not in body
    assert ">Why?<" not in body


def test_somebody_with_a_new_level_takes_part(client, one):
    vito = person("vito")
    assert post(client, vito, one).status_code == 404
    LevelHolder.objects.create(user=vito, level=Level.objects.get(name="manager"))
    assert post(client, vito, one).status_code == 303
