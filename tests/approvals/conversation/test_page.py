"""The conversation on the page, in the inbox and at home: in its order, live, and no form in a region."""

import re

import pytest
from django.utils import timezone

from approvals.conversation import PAGE, conversation_of
from approvals.models import Remark, Status
from live.regions import find
from live.rendering import Piece, render
from tests.approvals.conversation.conftest import K, answers, asks, says, shows
from tests.approvals.web.making import queries_of, request_of, text


def drawn(name, user, one):
    region, key = find(name), str(one.uuid)
    assert region.may_watch(user, key)
    return render(region, Piece(name, key), region.audience(user, key))


def talk(response):
    return response.content.decode().split('<ol class="talk">')[1].split("</ol>")[0]


def test_what_was_said_stands_in_its_order_with_exact_times(client, one, maria, rita, dirk):
    question = asks(maria, one)
    says(dirk, one, "I think so too.")
    answer = answers(rita, question)
    shown = talk(shows(client, dirk, one))
    places = [shown.index(words) for words in ("asks Rita Lang", "I think so too.", "answers", "It costs more.")]
    assert places == sorted(places)
    assert shown.count("<time ") == 3
    assert f'title="{timezone.localtime(question.at):%-d %b %Y, %H:%M:%S} UTC"' in shown
    assert f'href="#remark-{question.pk}">Why not rent it?</a>' in shown
    assert f'href="#remark-{answer.pk}">Answered</a>' in shown


def test_the_history_mentions_it_and_leads_there(client, one, maria, rita):
    question = asks(maria, one)
    says(maria, one)
    answers(rita, question)
    response = shows(client, rita, one)
    history = response.content.decode().split('class="history"')[1].split("</ol>")[0]
    assert f'href="#remark-{question.pk}">put a question to the requester.</a>' in history
    for words in ("Maria Berg commented.", "Rita Lang answered a question."):
        assert words in text(response)
    assert "Why not rent it?" not in history


def test_an_empty_conversation_says_what_it_is_for(client, one, maria):
    assert "Nobody has said anything yet. Whoever sees this request can comment." in text(shows(client, maria, one))


def test_the_requester_reads_that_their_answer_is_asked_for_others_that_a_question_waits(client, one, maria, rita):
    asks(maria, one)
    own, other = text(shows(client, rita, one)), text(shows(client, maria, one))
    assert "Your answer is asked for. Maria Berg asks: Why not rent it?" in own
    assert "A question waits. Maria Berg asked Rita Lang: Why not rent it?" in other
    assert "The time to decide runs on meanwhile." in own
    assert "Answer Maria Berg" in own
    assert "Answer Maria Berg" not in other
    assert own.index("Your answer is asked for") < own.index("What is asked")


def test_of_several_questions_each_has_its_button(client, one, maria, dirk, rita):
    first, second = asks(maria, one), asks(dirk, one, "Which colour?")
    body = shows(client, rita, one).content.decode()
    assert "1 more question waits." in text(shows(client, rita, one))
    for question, words in ((first, "Why not rent it?"), (second, "Which colour?")):
        assert re.search(f'name="answer" value="{question.pk}">Answer “{re.escape(words)}”</button>', body)
    answers(rita, first)
    assert "Answer Dirk Holm" in text(shows(client, rita, one))


def test_once_answered_or_closed_nothing_waits_at_the_top(client, one, maria, rita):
    question = asks(maria, one)
    assert "hidden" not in drawn("questions", rita, one)
    answers(rita, question)
    assert "hidden" in drawn("questions", rita, one)
    asks(maria, one)
    type(one).objects.update(status=Status.APPROVED, closed_at=timezone.now(), deadline=None)
    assert "hidden" in drawn("questions", rita, one)


# --- in the inbox, and at home --------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/approvals/"])
def test_a_question_waits_in_the_inbox_and_at_home_for_whom_it_is_and_for_nobody_else(
    client, one, maria, rita, address
):
    question = asks(maria, one)
    client.force_login(rita)
    response = client.get(address)
    assert f"Your answer is asked for {one.reference} Forklift Maria Berg , just now : Why not rent it?" in text(
        response
    )
    assert "A question waits for you" in text(response)
    assert f'href="{one.get_absolute_url()}#say"' in response.content.decode()
    client.force_login(maria)
    assert "Your answer is asked for" not in text(client.get(address))
    answers(rita, question)
    client.force_login(rita)
    assert "Your answer is asked for" not in text(client.get(address))


@pytest.mark.parametrize("address", ["/", "/approvals/"])
def test_what_has_closed_asks_for_nothing_any_more(client, one, maria, rita, address):
    asks(maria, one)
    type(one).objects.update(status=Status.APPROVED, closed_at=timezone.now(), deadline=None)
    client.force_login(rita)
    assert "Your answer is asked for" not in text(client.get(address))


@pytest.mark.parametrize("address", ["/", "/approvals/"])
def test_it_costs_no_more_with_more_questions(client, rita, maria, address):
    client.force_login(rita)
    asks(maria, request_of(rita, "manager"))
    client.get(address)
    few = queries_of(lambda: client.get(address))
    for _ in range(12):
        asks(maria, request_of(rita, "manager"))
    assert queries_of(lambda: client.get(address)) <= few
    assert client.get(address).content.decode().count('id="asked-') == 6, "five, and the headline's id"


def test_the_open_questions_of_a_person_are_found_by_an_index(one, maria, rita):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite says which index it takes")
    asks(maria, one)
    rows = Remark.objects.filter(kind=K.QUESTION, answered_at=None, asked_id=rita.pk)
    assert "questions_open" in rows.explain()


# --- live -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conversation", "questions"])
def test_it_is_watched_by_those_who_see_the_request_only(one, rita, maria, dirk, vera, olga, auditor, boss, name):
    watch = [
        user.username
        for user in (rita, maria, dirk, vera, olga, auditor, boss)
        if find(name).may_watch(user, str(one.uuid))
    ]
    assert watch == ["rita", "maria", "dirk", "august", "admin"]
    maria.is_active = False
    assert not find(name).may_watch(maria, str(one.uuid))
    for key in ("", "x", one.uuid.hex, "00000000-0000-4000-8000-000000000000"):
        assert not find(name).may_watch(boss, key)


def test_all_share_one_conversation_and_the_requester_has_a_notice_of_their_own(one, rita, maria, dirk, boss):
    key = str(one.uuid)
    assert len({find("conversation").audience(user, key) for user in (rita, maria, dirk, boss)}) == 1
    assert len({find("questions").audience(user, key) for user in (maria, dirk, boss)}) == 1
    assert find("questions").audience(rita, key) != find("questions").audience(maria, key)


def test_the_page_holds_what_the_stream_would_send_and_no_form_is_in_it(client, one, rita, maria):
    answers(rita, asks(maria, one))
    asks(maria, one)
    body = shows(client, rita, one).content.decode()
    for name in ("conversation", "questions"):
        shown = drawn(name, rita, one)
        assert shown in body
        for word in ("<form", "csrf", "form_id", "<textarea", "<button", "<input"):
            assert word not in shown


def test_another_form_is_wanted_by_a_question_to_me_and_by_no_comment(one, rita, maria, dirk):
    def wanted(user):
        return re.search('data-form-version="([^"]*)"', drawn("questions", user, one))[1]

    before = wanted(rita), wanted(maria)
    says(dirk, one)
    assert (wanted(rita), wanted(maria)) == before
    asks(dirk, one)
    assert wanted(maria) == before[1]
    assert wanted(rita) != before[0]
    type(one).objects.update(status=Status.APPROVED, closed_at=timezone.now(), deadline=None)
    assert wanted(maria) != before[1]


def test_the_form_alone_is_what_this_person_needs_now(client, one, rita, maria):
    question = asks(maria, one)
    client.force_login(rita)
    inside = client.get(f"{one.get_absolute_url()}say/").content.decode()
    assert f'name="answer" value="{question.pk}"' in inside
    assert "<html" not in inside
    client.force_login(maria)
    assert 'value="question"' in client.get(f"{one.get_absolute_url()}say/").content.decode()


# --- long conversations ---------------------------------------------------------------------------------------------


def many(one, author, count):
    now = timezone.now()
    Remark.objects.bulk_create(
        Remark(request=one, kind=K.COMMENT, text=f"Number {n}.", author=author, author_name="maria", at=now)
        for n in range(count)
    )


def test_a_long_conversation_shows_its_end_and_leads_to_its_beginning(client, one, maria):
    many(one, maria, 2 * PAGE + 3)
    body = shows(client, maria, one).content.decode()
    assert "Number 53." in body
    assert "Number 52." not in body
    seen, address = "", re.search(r'id="earlier" href="([^"]+)"', body)[1]
    while address:
        page = client.get(address).content.decode()
        seen += page
        more = re.search(r'rel="prev" href="([^"]+)"', page)
        address = one.get_absolute_url() + "conversation/" + more[1] if more else ""
    assert all(seen.count(f"Number {number}.") == 1 for number in range(53))


@pytest.mark.parametrize("before", ["", "x", "0", "-5", "9" * 30, "\x00"])
def test_a_place_that_is_none_shows_the_end(client, one, maria, before):
    says(maria, one, "The last word.")
    client.force_login(maria)
    response = client.get(f"{one.get_absolute_url()}conversation/", {"before": before})
    assert response.status_code == 200
    assert "The last word." in text(response)


def test_a_place_before_everything_says_so(client, one, maria):
    says(maria, one)
    client.force_login(maria)
    response = client.get(f"{one.get_absolute_url()}conversation/", {"before": 1})
    assert "Nothing was said before this." in text(response)


def test_the_number_of_queries_does_not_grow_with_what_was_said(client, one, maria, rita):
    client.force_login(maria)
    answers(rita, asks(maria, one))
    address = one.get_absolute_url()
    client.get(address)
    few = queries_of(lambda: client.get(address))
    for _ in range(10):
        answers(rita, asks(maria, one))
        says(maria, one)
    assert queries_of(lambda: client.get(address)) <= few
    assert queries_of(lambda: conversation_of(one)) == 1
