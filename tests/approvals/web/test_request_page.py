"""The page of one request: who asked what, who decides, what happened, and why you or why not you."""

import re

import pytest
from django.test import override_settings
from django.utils import timezone

from approvals.models import Record, Status, Step
from approvals.page import state_of
from audit.services import append
from live.writes import write
from tests.approvals.web.making import decided, queries_of, request_of, text
from tests.conftest import person


def page(client, user, one, **query):
    client.force_login(user)
    return client.get(one.get_absolute_url(), query)


def note(one, kind, actor, known="signed_in", **data):
    with write():
        append(stream=one.stream, kind=kind, actor=actor, known=known, data=data)


def test_a_stranger_is_told_that_there_is_nothing(client, olga, rita):
    one = request_of(rita, "manager")
    missing = "/approvals/00000000-0000-4000-8000-000000000000/"
    assert page(client, olga, one).status_code == client.get(missing).status_code == 404


@pytest.mark.parametrize("who", ["rita", "maria", "dirk", "auditor", "boss"])
def test_requester_holders_auditors_and_admins_see_it(request, client, rita, who):
    user = request.getfixturevalue(who)
    one = request_of(rita, "manager", "director")
    assert page(client, user, one).status_code == 200


def test_a_holder_of_a_level_that_is_not_in_the_chain_does_not_see_it(client, vera, rita):
    assert page(client, vera, request_of(rita, "manager")).status_code == 404


def test_an_approval_without_a_level_is_seen_by_anybody_who_holds_one(client, vera, olga, rita):
    one = request_of(rita, "", workflow_type="ApprovalWorkflow")
    assert page(client, vera, one).status_code == 200
    assert page(client, olga, one).status_code == 404


def test_it_says_what_is_asked_by_whom(client, maria, rita):
    one = request_of(rita, "manager", details={"Vendor": "Acme <b>Lift</b>", "count": 3}, action_name="record",
                     action_args={"text": "order it"})  # fmt: skip
    response = page(client, maria, one)
    shown = text(response)
    for words in ("Forklift", "Rita Lang", "250,000.00", "Vendor Acme <b>Lift</b>", "count 3", "record", "order it"):
        assert words in shown
    assert "<b>Lift" not in response.content.decode()
    assert f"R-{2000 + one.pk}" in shown


def test_addresses_are_links_wherever_people_or_programs_wrote_them_and_lines_stay_lines(client, maria, rita):
    details = {"Offer": "see\nhttps://shop.example/a, or\u202ejavascript:x"}
    one = request_of(rita, "manager", "director", at=1, details=details, action_name="record",
                     action_args={"text": "https://shop.example/b"})  # fmt: skip
    decided(one, 0, maria)
    one.steps.filter(index=0).update(comment="As in https://shop.example/c.")
    note(one, "decision.applied", "maria", verdict="approve", level="manager", comment="As in https://shop.example/c.")
    response = page(client, maria, one)
    body = response.content.decode()
    for address in ("a", "b", "c"):
        assert f'href="https://shop.example/{address}" rel="noopener noreferrer nofollow"' in body
    assert "see\n<a" in body
    assert "or[U+202E]javascript:x" in text(response)
    assert 'href="javascript' not in body


def test_the_open_levels_deadline_counts_down_beside_the_state(client, maria, rita):
    for due_in, words in ((0.5, "due in 29 min"), (0.05, r"due in 2 min \d+ s"), (-1, "1 h late")):
        head = page(client, maria, request_of(rita, "manager", due_in=due_in)).content.decode().split('class="num"')[0]
        assert re.search(f">{words}</time>", head)
        assert "data-due=" in head
    closed = page(client, maria, request_of(rita, "manager", status=Status.REJECTED)).content.decode()
    assert 'class="countdown"' not in closed


def test_the_stepper_names_who_could_decide(client, maria, rita):
    person("peter", "director", first_name="Peter", last_name="Holt")
    assert "Maria Berg" in text(page(client, maria, request_of(rita, "manager", "director")))
    assert "Peter Holt" in text(client.get(request_of(rita, "manager", "director").get_absolute_url()))


def test_many_holders_are_a_number(rita, maria):
    for number in range(5):
        person(f"m{number}", "manager")
    [step] = state_of(request_of(rita, "manager")).steps
    assert step.who.endswith("or 3 others")


def test_the_requester_is_not_named_among_those_who_could(maria):
    [step] = state_of(request_of(maria, "manager")).steps
    assert step.who == "Nobody else holds this level"


def test_the_stepper_says_who_decided_when_and_what_they_said(client, maria, dirk, rita):
    one = request_of(rita, "manager", "director", at=1)
    decided(one, 0, maria)
    one.steps.filter(index=0).update(comment="In the budget.", known_by="program")
    shown = text(page(client, dirk, one))
    for words in ("Maria Berg", "after 1 h", "In the budget.", "claimed by a program"):
        assert words in shown


WHY = {
    "maria": "You hold the level manager.",
    "dirk": "It waits for manager; you hold director.",
    "rita": "It waits for manager; you hold no level.",
}


@pytest.mark.parametrize(("who", "sentence"), WHY.items())
def test_one_sentence_says_why_you_or_why_not_you(request, client, rita, who, sentence):
    user = request.getfixturevalue(who)
    response = page(client, user, request_of(rita, "manager", "director"))
    assert sentence in text(response)
    assert ('name="verdict"' in response.content.decode()) == (who == "maria")


def test_ones_own_request_is_for_somebody_else(client, maria):
    response = page(client, maria, request_of(maria, "manager"))
    assert "You asked for this yourself, so somebody else decides." in text(response)
    assert 'name="verdict"' not in response.content.decode()


def test_who_approved_one_level_does_not_approve_the_next(client, maria, rita):
    from approvals.models import Level, LevelHolder

    LevelHolder.objects.create(user=maria, level=Level.objects.get(name="director"))
    one = request_of(rita, "manager", "director", at=1)
    decided(one, 0, maria)
    assert "You approved as manager already; another person decides as director." in text(page(client, maria, one))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.NOT_STARTED, "has not started yet"),
        (Status.ACTION_RUNNING, "the action is running"),
        (Status.ACTION_FAILED, "the action failed"),
        (Status.APPROVED, "It is closed"),
        (Status.TIMEOUT, "It is closed"),
    ],
)
def test_nobody_decides_on_what_does_not_wait(client, maria, rita, status, words):
    response = page(client, maria, request_of(rita, "manager", status=status))
    assert words in text(response)
    assert 'name="verdict"' not in response.content.decode()


def test_the_primary_button_says_what_it_does(client, maria, rita):
    assert "Approve 250,000.00\xa0€" in page(client, maria, request_of(rita, "manager")).content.decode()


def test_the_form_carries_what_a_decision_needs(client, maria, rita):
    from approvals.services import shown_digest

    one = request_of(rita, "manager")
    body = page(client, maria, one).content.decode()
    assert f'name="shown" value="{shown_digest(one)}"' in body
    assert 'name="level" value="manager"' in body
    again = page(client, maria, one).content.decode()
    ids = [each.split('name="decision_id" value="')[1].split('"')[0] for each in (body, again)]
    assert len(set(ids)) == 2


def test_an_approval_without_levels_is_decided_with_an_empty_level(client, maria, rita):
    one = request_of(rita, "manager", workflow_type="ApprovalWorkflow")
    assert 'name="level" value=""' in page(client, maria, one).content.decode()


def test_what_happened_is_told_from_the_ledger(client, maria, rita):
    one = request_of(rita, "manager")
    note(one, "request.submitted", "rita")
    note(one, "request.opened", "workflow", "system", policy="Default", policy_version=4)
    note(one, "level.opened", "workflow", "system", level="manager")
    note(one, "decision.applied", "maria", verdict="approve", level="manager", comment="In the budget.")
    note(one, "decision.refused", "peter", "program", verdict="approve", level="vp", reason="Peter holds no vp.")
    note(one, "action.failed", "workflow", "system", error="no paper")
    note(one, "request.closed", "workflow", "system", status="approved")
    note(one, "something.new_here", "maria", percent="100%")
    shown = text(page(client, maria, one))
    for words in (
        "Rita Lang asked for it.", "by the policy “Default”, version 4", "It waits for manager.",
        "Maria Berg approved as manager: In the budget.", "peter tried to approve as VP", "(claimed by a program)",
        "Not applied. Peter holds no vp.", "The approved action failed: no paper", "It closed as approved.",
        "something, new here",
    ):  # fmt: skip
        assert words in shown, words


@pytest.mark.parametrize(
    "data", [{}, {"level": 7, "verdict": [], "comment": None}, {"level": "%(x)s", "verdict": "%s"}]
)
def test_an_odd_entry_of_the_ledger_is_no_error(client, maria, rita, data):
    one = request_of(rita, "manager")
    for kind in ("decision.applied", "decision.refused", "level.opened", "request.closed", "request.opened", "50%s.x"):
        note(one, kind, "nobody-known", **data)
    assert page(client, maria, one).status_code == 200


def test_what_the_action_wrote_is_shown(client, maria, rita):
    one = request_of(rita, "manager", status=Status.APPROVED)
    Record.objects.create(key="k", request=one, text="order 4711", written_at=timezone.now())
    assert "order 4711" in text(page(client, maria, one))


@override_settings(TEMPORAL_UI_URL="http://localhost:8233/")
def test_the_link_to_temporal_names_the_run(client, maria, rita):
    one = request_of(rita, "manager", workflow_id="order/7 ü", first_run_id="run-1")
    body = page(client, maria, one).content.decode()
    assert "http://localhost:8233/namespaces/default/workflows/order%2F7%20%C3%BC/run-1" in body


@override_settings(TEMPORAL_UI_URL="")
def test_without_an_address_there_is_no_link_to_temporal(client, maria, rita):
    assert "Workflow in Temporal" not in text(page(client, maria, request_of(rita, "manager")))


def test_the_ledger_is_linked_for_those_who_may_read_it(client, maria, auditor, rita):
    one = request_of(rita, "manager")
    assert "Ledger of this request" in text(page(client, auditor, one))
    assert "Ledger of this request" not in text(page(client, maria, one))


def test_the_number_of_queries_does_not_grow_with_what_happened(client, maria, rita):
    client.force_login(maria)

    def filled(count):
        one = request_of(rita, *["manager", "director", "vp", "ceo"][: min(count, 4)])
        for number in range(count):
            note(one, "decision.refused", f"user{number}", verdict="approve", level="vp")
            Record.objects.create(key=f"{one.pk}-{number}", request=one, written_at=timezone.now())
        return lambda: client.get(one.get_absolute_url())

    few, many = filled(5), filled(50)
    few()
    assert queries_of(many) <= queries_of(few) < 36


def test_the_form_alone_is_what_this_person_needs_now(client, maria, rita, olga):
    one = request_of(rita, "manager")
    client.force_login(maria)
    assert "Decide as manager" in text(client.get(f"{one.get_absolute_url()}form/"))
    one.steps.update(state=Step.State.APPROVED)
    type(one).objects.update(status=Status.APPROVED, closed_at=timezone.now(), deadline=None)
    assert "It is closed" in text(client.get(f"{one.get_absolute_url()}form/"))
    client.force_login(olga)
    assert client.get(f"{one.get_absolute_url()}form/").status_code == 404


def test_the_page_knows_which_form_its_state_wants(client, maria, rita):
    one = request_of(rita, "manager")
    body = page(client, maria, one).content.decode()
    versions = [part.split('"')[0] for part in body.split('data-form-version="')[1:]]
    assert len(versions) == 4, "of the state and its form, of the questions and theirs"
    assert len(set(versions)) == 2
    assert f'data-form-for="request:{one.uuid}"' in body
    assert f'data-form-for="questions:{one.uuid}"' in body


def test_no_form_stands_inside_a_region(client, maria, rita):
    from live.regions import find

    one = request_of(rita, "manager")
    from live.rendering import Piece, render

    region = find("request")
    html = render(region, Piece("request", str(one.uuid)), region.audience(maria, str(one.uuid)))
    for word in ("<form", "csrf", "decision_id", "<textarea", "<button"):
        assert word not in html


def test_an_action_given_up_is_not_told_as_plain_approval(client, maria, rita):
    one = request_of(rita, "manager", at=1, status=Status.APPROVED, action_name="record", action_error="No answer.")
    for shown in (text(page(client, maria, one)), text(client.get("/approvals/", {"view": "closed"}))):
        assert "Approved, action given up" in shown
    shown = text(page(client, maria, one))
    assert "The action was given up “" not in shown
    assert "What was approved has not been done" in shown
    assert "It is closed: every level has approved, and the action was given up." in shown


def test_an_action_that_ran_at_the_second_try_is_plain_approval(client, maria, rita):
    one = request_of(rita, "manager", at=1, status=Status.APPROVED, action_name="record")
    assert "given up" not in text(page(client, maria, one))


def test_who_cannot_mend_a_failed_action_is_told_who_can(client, auditor, maria, rita):
    one = request_of(rita, "manager", at=1, status=Status.ACTION_FAILED, action_error="No answer.")
    assert "an admin can try it again or give it up" in text(page(client, auditor, one))
    shown = text(page(client, maria, one))
    assert "an admin can" not in shown
    assert "Try the action again" in shown


def test_what_happened_is_told_in_whole_sentences_with_the_time_of_day(client, maria, rita):
    one = request_of(rita, "manager", "director", at=1)
    note(one, "decision.applied", "maria", verdict="approve", level="manager")
    note(one, "decision.refused", "maria", verdict="approve", level="manager", reason="Too late.")
    response = page(client, rita, one)
    shown = text(response)
    assert "approved as manager. " in shown
    assert "tried to approve as manager. Not applied. Too late." in shown
    history = response.content.decode().split('class="history"')[1].split("</ol>")[0]
    assert "data-age" not in history
    assert timezone.localtime().strftime("%H:") in history


def test_a_decision_made_within_a_second_was_made_at_once(client, maria, rita):
    one = request_of(rita, "manager", "director", at=1)
    now = timezone.now()
    one.steps.filter(index=0).update(opened_at=now, decided_at=now, decided_by=maria)
    shown = text(page(client, maria, one))
    assert "at once" in shown
    assert "after 0 s" not in shown


def test_the_persons_menu_is_named_by_what_is_seen_of_it(client, maria, rita):
    body = page(client, maria, request_of(rita, "manager")).content.decode()
    summary = body.split('<details class="who">')[1].split("</summary>")[0]
    assert "aria-label" not in summary
    assert ">MB<" in summary
