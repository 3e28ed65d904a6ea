"""Who gets a letter when a level opens and when a request ends, and who does not."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Kind, Letter, Preferences
from approvals import recording
from approvals.deciders import deciders
from approvals.models import Attempt, Level, LevelHolder, Status
from tests.approvals.notices.conftest import approves, asked, closes, opens, ref_of, said, told
from tests.conftest import person
from worker import contracts

WAITS, OUTCOME = Kind.LEVEL_WAITS, Kind.OUTCOME


def hold(user, level, **more):
    LevelHolder.objects.create(user=user, level=Level.objects.get(name=level), **more)


# --- a level opens ----------------------------------------------------------------------------------------------


def test_everybody_who_can_decide_is_told_and_nobody_else(rita, maria, vera, olga, boss):
    person("peter", "manager")
    opens(asked(rita, "manager", "vp"))
    assert told() == ["maria", "peter"]


def test_the_next_level_is_told_when_it_opens(rita, maria, vera):
    request = opens(asked(rita, "manager", "vp"))
    approves(maria, request)
    opens(request, 1)
    assert told(WAITS) == ["maria", "vera"]


def test_opening_twice_tells_once(rita, maria):
    request = asked(rita, "manager")
    opens(request)
    opens(request)
    request.steps.update(state="pending")  # even if the first time were forgotten
    opens(request)
    assert told() == ["maria"]


def test_somebody_inactive_is_not_told(rita, maria):
    person("peter", "manager", is_active=False)
    opens(asked(rita, "manager"))
    assert told() == ["maria"]


def test_the_requester_is_not_asked_to_decide_unless_the_policy_lets_them(maria):
    person("peter", "manager")
    opens(asked(maria, "manager"))
    assert told() == ["peter"]
    opens(asked(maria, "manager", self_approval=True))
    assert told() == ["maria", "peter", "peter"]


def test_who_has_decided_another_level_is_not_asked_again_unless_the_policy_lets_them(rita, maria, vera):
    hold(maria, "vp")
    for distinct, expected in ((True, ["vera"]), (False, ["maria", "vera"])):
        Letter.objects.all().delete()
        request = asked(rita, "manager", "vp", at=0, distinct_approvers=distinct)
        approves(maria, request)
        opens(request, 1)
        assert told() == expected


def test_whose_time_at_the_level_is_over_or_has_not_come_is_not_told(rita, maria):
    today = timezone.now().date()
    for name, dates in (
        ("past", {"valid_until": today - timedelta(days=2)}),
        ("future", {"valid_from": today + timedelta(days=2)}),
        ("elsewhere", {"kinds": " travel "}),
    ):
        hold(person(name), "manager", **dates)
    opens(asked(rita, "manager"))
    assert told() == ["maria"]


def test_a_request_for_any_level_is_told_to_everybody_who_holds_one_once(rita, maria, vera, olga):
    hold(maria, "vp")
    opens(asked(rita, ""))
    assert told() == ["maria", "vera"]


def test_a_level_that_nobody_holds_opens_all_the_same(rita):
    request = opens(asked(rita, "ceo"))
    assert request.current_level == "ceo"
    assert told() == []


def test_who_does_not_want_it_is_not_told(rita, maria, vera):
    Preferences.objects.create(user=maria, level_waits=False)
    request = opens(asked(rita, "manager", "vp"))
    opens(request, 1)
    assert told() == ["vera"]


def test_opening_a_level_costs_as_many_queries_for_many_as_for_one(rita, maria, django_assert_max_num_queries):
    first, second = asked(rita, "manager"), asked(rita, "manager")
    from tests.approvals.web.making import queries_of

    one = queries_of(lambda: opens(first))
    for number in range(50):
        person(f"p{number}", "manager")
    assert queries_of(lambda: opens(second)) == one


# --- how it ended -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("approved", "approved"),
        ("rejected", "rejected"),
        ("timeout", "closed, because nobody decided in time"),
        ("withdrawn", "withdrawn"),
        ("cancelled", "cancelled"),
        ("invalid", "closed, because it is not valid"),
        ("terminated", "closed without a decision, because its workflow was ended"),
    ],
)
def test_the_requester_is_told_each_outcome(rita, maria, status, words):
    closes(asked(rita, "manager"), status, reason="Too dear")
    assert told() == ["rita"]
    message = said()
    assert message.subject.endswith(f"Forklift: {words}")
    assert f"what you asked for is {words}." in message.text
    assert "“Too dear”" in message.text


def test_closing_twice_tells_once(rita):
    request = asked(rita, "manager")
    closes(request, "approved")
    closes(request, "approved")
    assert told() == ["rita"]


def test_a_request_of_a_program_without_a_person_tells_nobody_its_outcome(db):
    closes(asked(None, "manager"), "approved")
    assert told() == []


def test_a_requester_who_has_left_is_not_told(rita):
    rita.is_active = False
    rita.save()
    closes(asked(rita, "manager"), "approved")
    assert told() == []


def fails(request, error="The shop is closed"):
    recording.action_ended(contracts.ActionEnded(ref_of(request), False, time.time(), error))
    request.refresh_from_db()


def test_a_failed_action_is_told_each_time_it_fails_and_once_each(rita, maria):
    request = asked(rita, "manager", status=Status.ACTION_RUNNING, action_name="record")
    fails(request)
    fails(request)
    assert told(OUTCOME) == ["rita"]
    assert "could not be done" in said().subject
    assert "The shop is closed" in said().text
    now = timezone.now()
    Attempt.objects.create(
        request=request, decision_id="d", verdict="retry_action", known_by="signed_in", made_at=now, state="applied",
        settled_at=now,
    )  # fmt: skip
    request.status = Status.ACTION_RUNNING
    request.save()
    assert said(Letter.objects.first()) is None, "the first failure is no news any more"
    fails(request)
    assert told(OUTCOME) == ["rita", "rita"]


def test_an_approval_whose_action_was_given_up_says_so(rita):
    request = asked(rita, "manager", status=Status.ACTION_FAILED, action_error="The shop is closed")
    closes(request, "approved")
    assert "has not been done, and will not be" in said().subject


# --- and what it would mean to tell it later --------------------------------------------------------------------


def test_a_letter_that_comes_after_the_decision_is_not_sent(rita, maria):
    request = opens(asked(rita, "manager"))
    assert said() is not None
    approves(maria, request)
    assert said() is None


def test_who_has_lost_the_level_meanwhile_is_not_told_of_it(rita, maria):
    opens(asked(rita, "manager"))
    LevelHolder.objects.all().delete()
    assert said() is None


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_of_what_was_rolled_back(monkeypatch):
    monkeypatch.setattr(recording, "enter", lambda *_given: 1 // 0)
    person("maria", "manager")
    request = asked(person("rita"), "manager")
    with pytest.raises(ZeroDivisionError):
        opens(request)
    assert told() == []


def test_a_mail_server_that_is_down_stops_no_level(rita, maria, office, courier):
    office.close()
    request = opens(asked(rita, "manager"))
    courier.go()
    assert request.deadline is not None
    assert deciders(request, request.steps.get()).get() == maria
