"""Deciding in the browser and by a program: what is clicked is kept, counts once, and is answered honestly."""

from uuid import uuid4

import pytest
from django.test import Client

from approvals.models import Attempt, Request, Status, Step
from approvals.services import shown_digest
from tests.approvals.web.making import decided, request_of, text

JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(one, what="decide"):
    return f"/approvals/{one.uuid}/{what}/"


def approve(client, one, user=None, **more):
    """As a program or a form sends it; headers go in capitals."""
    if user:
        client.force_login(user)
    headers = {name: value for name, value in more.items() if name.isupper()}
    fields = {name: value for name, value in more.items() if not name.isupper()}
    sent = {"verdict": "approve", "level": "manager", "comment": "", "decision_id": str(uuid4()), **fields}
    return client.post(url(one), sent, **headers)


@pytest.fixture
def one(rita):
    return request_of(rita, "manager", "director")


# --- by a program, as the contract says -------------------------------------------------------------------------


def test_a_program_gets_its_receipt_as_json(client, one, maria):
    response = approve(client, one, maria, decision_id="d-1", comment="Yes.", **JSON)
    assert response.status_code == 200
    assert response.json() == {"state": "recorded", "reason": "", "code": "", "decision_id": "d-1"}
    step = one.steps.get(index=0)
    assert (step.state, step.decided_by, step.comment) == (Step.State.APPROVED, maria, "Yes.")


def test_a_rejection_needs_its_reason(client, one, maria):
    response = approve(client, one, maria, verdict="reject", decision_id="d-1", **JSON)
    assert response.status_code == 400
    assert response.json()["state"] == "invalid"
    assert "Say why you reject it" in response.json()["reason"]
    assert response.json()["decision_id"] == "d-1"
    assert not Attempt.objects.exists()
    assert approve(client, one, verdict="reject", comment="No.", **JSON).json()["state"] == "recorded"


def test_whoever_is_second_is_told_who_was_first(client, one, maria, dirk):
    decided(one, 0, dirk)
    answer = approve(client, one, maria, **JSON).json()
    assert answer["state"] == "refused"
    assert "Dirk Holm approved as manager" in answer["reason"]


def test_the_same_id_again_is_the_same_decision(client, one, maria):
    answers = [approve(client, one, maria, decision_id="d-1", **JSON).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("changed", [{"verdict": "reject", "comment": "No."}, {"level": "director"}])
def test_the_same_id_for_something_else_is_refused(client, one, maria, changed):
    approve(client, one, maria, decision_id="d-1", **JSON)
    answer = approve(client, one, decision_id="d-1", **changed, **JSON).json()
    assert (answer["state"], answer["code"], answer["decision_id"]) == ("refused", "id_reused", "d-1")


def test_another_persons_id_is_refused_in_the_browser_too(client, one, maria, dirk):
    approve(client, one, maria, decision_id="d-1", **JSON)
    for more in ({}, HTMX):
        response = approve(client, one, dirk, decision_id="d-1", **more)
        assert response.status_code == 200
        assert "Not applied." in text(response)


def test_with_the_worker_down_it_is_being_recorded(client, one, maria, temporal, impatient):
    temporal.mode = "silent"
    assert approve(client, one, maria, **JSON).json()["state"] == "recording"


def test_a_sending_that_nobody_answered_is_being_recorded_never_failed(client, one, maria, temporal, impatient):
    temporal.mode = "unknown"
    response = approve(client, one, maria, **JSON)
    assert (response.status_code, response.json()["state"]) == (200, "recording")


def test_a_refused_connection_is_not_sent_and_the_same_id_may_be_sent_again(client, one, maria, temporal):
    temporal.mode = "unreachable"
    response = approve(client, one, maria, decision_id="d-1", **JSON)
    assert (response.status_code, response.json()["state"]) == (503, "not_sent")
    assert response.json()["reason"]
    temporal.mode = "answers"
    assert approve(client, one, decision_id="d-1", **JSON).json()["state"] == "recorded"


def test_a_workflow_that_is_closed_refuses(client, one, maria, temporal):
    temporal.mode = "closed"
    assert approve(client, one, maria, **JSON).json()["state"] == "refused"


def test_without_an_id_it_is_given_one(client, one, maria):
    client.force_login(maria)
    answer = client.post(url(one), {"verdict": "approve", "level": "manager"}, **JSON).json()
    assert answer["state"] == "recorded"
    assert answer["decision_id"]


def test_a_program_that_is_not_signed_in_is_told_so(client, one):
    response = approve(client, one, **JSON)
    assert (response.status_code, response.json()["reason"]) == (401, "Sign in first.")


BAD = [
    ({"verdict": ""}, "Say whether you approve or reject"),
    ({"verdict": "withdraw"}, "Say whether you approve or reject"),
    ({"verdict": "approve\x00"}, "Say whether you approve or reject"),
    ({"level": "x" * 51}, "There is no such level"),
    ({"level": "man\x00ager"}, "There is no such level"),
    ({"comment": "null \x00"}, "U+0000"),
    ({"comment": "\u202egood"}, "U+202E"),
    ({"comment": "x" * 5_001}, "5,001 characters long; at most 5,000"),
    ({"decision_id": "x" * 201}, "decision id is not one of this page"),
    ({"decision_id": "a\x00b"}, "decision id is not one of this page"),
]


@pytest.mark.parametrize(("sent", "sentence"), BAD)
def test_what_cannot_be_a_decision_is_said_to_be_none(client, one, maria, sent, sentence):
    response = approve(client, one, maria, **sent, **JSON)
    assert response.status_code == 400
    assert sentence in response.json()["reason"]
    page = approve(client, one, **sent)
    assert page.status_code == 400
    assert sentence in text(page)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("level", ["", "director", "no-such-level"])
def test_another_level_is_refused_and_kept(client, one, maria, level):
    assert approve(client, one, maria, level=level, **JSON).json()["state"] == "refused"
    assert Attempt.objects.get().state == Attempt.State.REFUSED


# --- who may try ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["decide", "withdraw", "retry", "give-up"])
def test_a_stranger_finds_nothing_to_decide_on(client, one, olga, what):
    client.force_login(olga)
    assert client.post(url(one, what), {"verdict": "approve", "level": "manager"}).status_code == 404
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("what", ["decide", "withdraw", "retry", "give-up"])
def test_a_get_on_a_post_address_decides_nothing(client, one, maria, what):
    client.force_login(maria)
    assert client.get(url(one, what)).status_code == 405


@pytest.mark.parametrize("what", ["decide", "withdraw", "retry", "give-up"])
def test_without_a_token_nothing_is_decided(one, maria, what):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(maria)
    assert strict.post(url(one, what), {"verdict": "approve", "level": "manager"}).status_code == 403


@pytest.mark.parametrize("what", ["decide", "withdraw", "retry", "give-up"])
def test_nobody_signed_in_is_sent_to_sign_in(client, one, what):
    response = client.post(url(one, what))
    assert response.status_code == 302
    assert "login" in response["Location"]


@pytest.mark.parametrize("who", ["rita", "dirk", "auditor", "boss"])
def test_a_form_made_by_hand_gets_nobody_past_the_mapping(request, client, one, who):
    answer = approve(client, one, request.getfixturevalue(who), **JSON).json()
    assert answer["state"] == "refused"
    assert one.steps.get(index=0).state == Step.State.OPEN


def test_ones_own_request_is_refused_however_it_is_sent(client, maria):
    answer = approve(client, request_of(maria, "manager"), maria, **JSON).json()
    assert (answer["state"], answer["code"]) == ("refused", "own_request")


@pytest.mark.parametrize("uuid", ["not-a-uuid", "00000000-0000-4000-8000-000000000000"])
def test_a_request_that_is_not_there_is_a_404(client, maria, uuid):
    client.force_login(maria)
    assert client.post(f"/approvals/{uuid}/decide/", {"verdict": "approve"}).status_code == 404


# --- in a browser, with and without JavaScript ------------------------------------------------------------------


def test_the_form_asks_before_it_decides_and_keeps_what_was_typed(client, one, maria):
    response = approve(
        client, one, maria, ask="1", comment="In the budget.", decision_id="d-1", shown=shown_digest(one)
    )
    assert response.status_code == 200
    assert "Approve 250,000.00\xa0€ as manager?" in response.content.decode()
    body = response.content.decode()
    assert 'name="decision_id" value="d-1"' in body
    assert 'name="comment" value="In the budget."' in body
    assert f'name="shown" value="{shown_digest(one)}"' in body
    assert not Attempt.objects.exists()


def test_going_back_keeps_what_was_typed(client, one, maria):
    response = approve(client, one, maria, ask="1", back="1", comment="Hm.", decision_id="d-1")
    assert "Decide as manager" in text(response)
    assert ">Hm.</textarea>" in response.content.decode()
    assert 'name="decision_id" value="d-1"' in response.content.decode()
    assert not Attempt.objects.exists()


def test_confirmed_it_decides_and_leads_to_the_receipt(client, one, maria):
    response = approve(client, one, maria, ask="1", confirmed="1", decision_id="d-1")
    assert response.status_code == 303
    assert response["Location"] == f"/approvals/{one.uuid}/?receipt=d-1#decision"
    page = client.get(response["Location"])
    assert "Recorded. Your approval counts" in text(page)


def test_htmx_gets_the_panel_alone(client, one, maria):
    for more in ({"ask": "1"}, {"ask": "1", "confirmed": "1"}):
        body = approve(client, one, maria, **more, **HTMX).content.decode()
        assert body.lstrip().startswith("<section")
        assert "<html" not in body


def test_a_rejection_without_a_reason_keeps_the_form(client, one, maria):
    for more in ({}, HTMX):
        response = approve(client, one, maria, verdict="reject", ask="1", decision_id="d-1", **more)
        assert response.status_code == 400
        assert "Say why you reject it" in text(response)
        assert 'name="decision_id" value="d-1"' in response.content.decode()


@pytest.mark.parametrize("more", [{}, HTMX])
def test_what_was_not_sent_keeps_its_comment_and_its_id(client, one, maria, temporal, more):
    temporal.mode = "unreachable"
    response = approve(client, one, maria, ask="1", confirmed="1", comment="Long thought.", decision_id="d-1", **more)
    assert response.status_code == 503
    assert "Not sent." in text(response)
    assert ">Long thought.</textarea>" in response.content.decode()
    assert 'name="decision_id" value="d-1"' in response.content.decode()


def test_whoever_is_second_reads_who_was_first(client, one, maria, dirk):
    decided(one, 0, dirk)
    shown = text(approve(client, one, maria, ask="1", confirmed="1", **HTMX))
    assert "Not applied. Dirk Holm approved as manager" in shown
    assert "Your approval is kept in the ledger." in shown


def test_a_decision_shows_on_the_page_as_what_happened(client, one, maria):
    approve(client, one, maria, comment="In the budget.", **JSON)
    assert "Maria Berg approved as manager: In the budget." in text(client.get(one.get_absolute_url()))


def test_coming_from_a_list_the_wanted_button_has_the_focus(client, one, maria):
    client.force_login(maria)
    body = client.get(one.get_absolute_url() + "?verdict=approve").content.decode()
    assert 'value="approve" data-key="a" autofocus' in body
    assert not Attempt.objects.exists()


# --- the receipt ------------------------------------------------------------------------------------------------


def test_a_receipt_asks_again_until_it_is_known(client, one, maria, temporal, impatient):
    temporal.mode = "silent"
    first = approve(client, one, maria, ask="1", confirmed="1", decision_id="d/1 ü", **HTMX).content.decode()
    assert "safe to leave" in first
    address = first.split('hx-get="')[1].split('"')[0]
    assert "Being recorded." in text(client.get(address, **HTMX))
    assert 'hx-trigger="load delay:1s"' in client.get(address, **HTMX).content.decode()
    claim = {"verdict": "approve", "level": "manager", "approver": "maria", "decision_id": "d/1 ü"}
    temporal.record(one.workflow_id, one.first_run_id, claim)
    settled = client.get(address, **HTMX).content.decode()
    assert "Recorded." in settled
    assert "hx-trigger" not in settled
    assert 'hx-swap-oob="true"' in settled


def test_a_receipt_is_read_by_programs_too(client, one, maria, temporal, impatient):
    temporal.mode = "silent"
    approve(client, one, maria, decision_id="d-1", **JSON)
    assert client.get(url(one, "receipt") + "d-1/", **JSON).json()["state"] == "recording"


def test_without_javascript_a_receipt_is_the_page(client, one, maria):
    approve(client, one, maria, decision_id="d-1", **JSON)
    assert client.get(url(one, "receipt") + "d-1/")["Location"].endswith("?receipt=d-1#decision")


def test_a_receipt_is_for_who_clicked_only(client, one, maria, dirk, olga):
    approve(client, one, maria, decision_id="d-1", **JSON)
    for user in (dirk, olga):
        client.force_login(user)
        assert client.get(url(one, "receipt") + "d-1/", **HTMX).status_code == 404
    client.force_login(dirk)
    assert "Your approval counts" not in text(client.get(one.get_absolute_url() + "?receipt=d-1"))


@pytest.mark.parametrize("receipt", ["", "none", "\x00", "x" * 5_000])
def test_an_unknown_receipt_is_no_error(client, one, maria, receipt):
    client.force_login(maria)
    assert client.get(one.get_absolute_url(), {"receipt": receipt}).status_code == 200


# --- withdraw, retry, give up -----------------------------------------------------------------------------------


def test_the_requester_withdraws(client, one, rita, temporal):
    client.force_login(rita)
    assert "Withdraw this request" in text(client.get(one.get_absolute_url()))
    answer = client.post(url(one, "withdraw"), {"comment": "Not needed.", "decision_id": "w-1"}, **JSON).json()
    assert (answer["state"], answer["decision_id"]) == ("recorded", "w-1")
    assert temporal.signals == [("withdraw", ["rita", "Not needed.", "w-1"])]


def test_nobody_else_withdraws(client, one, maria):
    client.force_login(maria)
    assert "Withdraw this request" not in text(client.get(one.get_absolute_url()))
    assert client.post(url(one, "withdraw"), {"decision_id": "w-1"}, **JSON).json()["state"] == "refused"


@pytest.mark.parametrize(("what", "signal"), [("retry", "retry_action"), ("give-up", "give_up")])
def test_a_failed_action_is_retried_or_given_up(client, rita, temporal, what, signal):
    failed = request_of(rita, "manager", status=Status.ACTION_FAILED, action_name="record", action_error="no paper")
    client.force_login(rita)
    page = text(client.get(failed.get_absolute_url()))
    for words in ("no paper", "Try the action again", "Give it up"):
        assert words in page
    answer = client.post(url(failed, what), {"decision_id": "a-1", "comment": "x"}, **JSON).json()
    assert answer["state"] == "recorded"
    assert [name for name, _ in temporal.signals] == [signal]


@pytest.mark.parametrize("what", ["retry", "give-up"])
def test_an_auditor_sees_a_failed_action_and_leaves_it_alone(client, rita, auditor, what):
    failed = request_of(rita, "manager", status=Status.ACTION_FAILED)
    client.force_login(auditor)
    assert "Try the action again" not in text(client.get(failed.get_absolute_url()))
    assert client.post(url(failed, what), {"decision_id": "a-1"}, **JSON).json()["state"] == "refused"


def test_a_reason_that_cannot_be_read_is_kept_in_the_form(client, one, rita):
    client.force_login(rita)
    response = client.post(url(one, "withdraw"), {"comment": "a\u202eb", "decision_id": "w-1"})
    assert response.status_code == 400
    assert "U+202E" in text(response)
    assert Request.objects.get().is_open


# --- where the focus is, and what is said when nothing can be decided ---------------------------------------------


def test_going_back_gives_the_focus_to_where_one_was(client, one, maria):
    for verdict, focused in (("approve", 'value="approve" data-key="a" autofocus'), ("reject", "</textarea>")):
        body = approve(client, one, maria, ask="1", back="1", verdict=verdict, comment="Hm.", **HTMX).content.decode()
        assert body.count("autofocus") == 1
        assert focused in body.split("autofocus")[0] + "autofocus" + body.split("autofocus")[1]
    assert "autofocus>Hm.</textarea>" in body


def test_the_answer_to_a_click_takes_the_focus_and_what_comes_by_itself_does_not(client, one, maria):
    answer = approve(client, one, maria, ask="1", confirmed="1", decision_id="d-1", **HTMX).content.decode()
    assert 'id="receipt" role="status" tabindex="-1" autofocus' in answer
    assert "autofocus" not in client.get(url(one, "receipt") + "d-1/", **HTMX).content.decode()


def test_signed_out_htmx_is_told_so_and_swaps_no_sign_in_page_into_the_panel(client, one):
    response = approve(client, one, ask="1", **HTMX)
    assert response.status_code == 401
    assert not response.content


def test_the_panel_carries_the_words_for_no_answer_and_for_being_signed_out(client, one, maria):
    client.force_login(maria)
    body = client.get(one.get_absolute_url()).content.decode()
    for name in ("no-answer", "not-signed-in", "outdated"):
        assert f'<template data-say="{name}">' in body
