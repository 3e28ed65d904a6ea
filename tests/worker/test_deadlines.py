"""Deadlines of days, in a moment: the server's clock jumps."""

from datetime import timedelta

import pytest

from approvals.models import Attempt, Request
from tests.temporal import SINGLE, until

LAPTOPS = {"title": "Laptops", "amount": 20_000, "requester": "rita"}
DAY = 86_400


def opened(index: int = 0) -> Request:
    until(lambda: Request.objects.filter(deadline__isnull=False, current_step=index).exists())
    return Request.objects.get()


def clicked(request: Request, user, seconds_after_deadline: float, **more) -> Attempt:
    """A click on the site of which the signal has not come yet."""
    usual = {"decision_id": "one", "verdict": "approve", "level": request.current_level, "known_by": "signed_in"}
    made_at = request.deadline + timedelta(seconds=seconds_after_deadline)
    given = {**usual, "user": user, "username": user.username, "made_at": made_at, **more}
    return Attempt.objects.create(request=request, **given)


def test_a_level_that_nobody_decides_times_out_by_name_after_a_day(skipping, maria):
    handle = skipping.start(LAPTOPS)
    opened()
    skipping.signal(handle, "approve_step", "manager", "maria")
    opened(1)
    assert skipping.result(handle) == {"status": "timeout", "level": "director", "reason": "approval_timeout"}
    row = Request.objects.get()
    second = row.steps.get(index=1)
    assert (row.status, second.state) == ("timeout", "timeout")
    assert second.deadline - second.opened_at == timedelta(days=1)
    assert row.closed_at - second.deadline < timedelta(seconds=10)
    step = skipping.ask(handle, "get_approval_status")["steps"][1]
    assert (step["timed_out"], step["pending"]) == (True, False)


def test_an_approval_without_levels_times_out_after_seven_days(skipping):
    handle = skipping.start({"title": "Laptops"}, workflow=SINGLE)
    assert skipping.result(handle) == {"status": "timeout", "reason": "no_approval_within_7_days"}
    step = Request.objects.get().steps.get()
    assert step.deadline - step.opened_at == timedelta(days=7)


@pytest.mark.parametrize("key", ["timeout_seconds", "level_timeout_seconds"])
def test_a_program_names_another_deadline(skipping, key):
    skipping.result(skipping.start({"title": "Laptops", key: 90}, workflow=SINGLE))
    step = Request.objects.get().steps.get()
    assert step.deadline - step.opened_at == timedelta(seconds=90)


@pytest.mark.parametrize("workflow", ["MultiStepApprovalWorkflow", SINGLE])
def test_a_click_before_the_deadline_counts_though_its_signal_never_came(skipping, maria, workflow):
    handle = skipping.start({**LAPTOPS, "amount": 5}, workflow=workflow)
    attempt = clicked(opened(), maria, -1, level="" if workflow == SINGLE else "manager")
    assert skipping.result(handle)["status"] == "approved"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.request.status) == ("applied", "approved")


def test_a_click_for_a_named_level_of_a_single_approval_counts_likewise(skipping, maria):
    handle = skipping.start({"title": "Laptops", "level": "manager"}, workflow=SINGLE)
    clicked(opened(), maria, -1, level="")
    assert skipping.result(handle)["status"] == "approved"


def test_of_many_clicks_before_the_deadline_the_first_that_may_counts(skipping, maria, dirk, rita):
    handle = skipping.start({**LAPTOPS, "amount": 5})
    request = opened()
    for number in range(45):
        clicked(request, (dirk, rita)[number % 2], -60 + number, decision_id=f"refused-{number}")
    clicked(request, maria, -1, decision_id="good", verdict="reject", comment="too dear")
    assert skipping.result(handle) == {"status": "rejected", "level": "manager", "reason": "too dear"}
    assert Attempt.objects.filter(state="refused").count() == 45


def test_a_click_after_the_deadline_is_refused_as_late_and_kept(skipping, maria):
    """Made while the level is still held open for what was clicked in time."""
    handle = skipping.start({**LAPTOPS, "amount": 5})
    attempt = clicked(opened(), maria, 1)
    skipping.signal(handle, "approve_step", "manager", "maria", "", "one")
    assert skipping.result(handle)["status"] == "timeout"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.code) == ("refused", "late")
    assert "deadline had passed" in attempt.reason


def test_a_click_that_was_told_not_sent_does_not_count(skipping, maria):
    handle = skipping.start({**LAPTOPS, "amount": 5})
    clicked(opened(), maria, -1, state="not_sent")
    assert skipping.result(handle)["status"] == "timeout"


def test_no_leftover_timer_undoes_a_decision(skipping, maria, dirk):
    handle = skipping.start(LAPTOPS)
    opened()
    skipping.sleep(DAY - 60)
    skipping.signal(handle, "approve_step", "manager", "maria")
    opened(1)
    skipping.sleep(3_600)
    assert skipping.ask(handle, "get_approval_status")["current_step"] == 1
    skipping.signal(handle, "approve_step", "director", "dirk")
    assert skipping.result(handle)["status"] == "approved"


def test_an_action_gets_three_tries_with_one_key_before_somebody_is_asked(skipping, maria, obey):
    obey.failures += [RuntimeError("no answer"), RuntimeError("no answer")]
    handle = skipping.start({**LAPTOPS, "amount": 5, "action": {"name": "obey"}})
    opened()
    skipping.signal(handle, "approve_step", "manager", "maria")
    assert skipping.result(handle)["action"] == {"state": "done", "error": None}
    assert len(obey.calls) == 3
    assert {call["key"] for call in obey.calls} == {str(Request.objects.get().uuid)}


def test_an_action_that_fails_three_times_waits_without_a_deadline(skipping, maria, obey):
    obey.failures += [RuntimeError("no answer")] * 3
    handle = skipping.start({**LAPTOPS, "amount": 5, "action": {"name": "obey"}})
    opened()
    skipping.signal(handle, "approve_step", "manager", "maria")
    skipping.sleep(60 * DAY)
    told = skipping.ask(handle, "get_approval_status")
    assert (told["status"], told["action_error"]) == ("action_failed", "no answer")
    skipping.signal(handle, "give_up", "maria", "enough")
    assert skipping.result(handle)["action"] == {"state": "failed", "error": "no answer"}
