"""What programs are told by webhook, event by event: enough to act upon, and nothing that people wrote."""

import time

import pytest

from accounts.hosts import read
from accounts.receivers import Delivery, Receiver
from approvals import mending, notices, recording
from approvals.models import Attempt, Status
from tests.approvals.conversation.conftest import answers, asks, says
from tests.approvals.notices.conftest import asked, closes, opens, ref_of
from tests.approvals.web.making import request_of
from worker import contracts

DAY = 86_400


@pytest.fixture(autouse=True)
def _erp(db, settings):
    settings.WEBHOOK_HOSTS = read("127.0.0.1")
    settings.LEITSTAND_BASE_URL = "https://leitstand.example"
    return Receiver.objects.create(name="ERP", url="http://127.0.0.1:1/")


def told(kind):
    return [delivery.data for delivery in Delivery.objects.filter(type=kind).order_by("id")]


def common(request, **more):
    return {
        "uuid": str(request.uuid), "reference": request.reference, "workflow_id": request.workflow_id,
        "title": request.title, "amount": float(request.amount), "currency": request.currency, "kind": request.kind,
        "requester": "rita", "url": f"https://leitstand.example{request.get_absolute_url()}", **more,
    }  # fmt: skip


def test_a_level_that_opens(rita, maria):
    request = opens(asked(rita, "manager", details={"password": "hidden"}))
    deadline = request.deadline.timestamp()
    assert told("request.level_opened") == [common(request, status="waiting", level="manager", deadline=deadline)]
    delivery = Delivery.objects.get()
    assert delivery.made_at == request.steps.get().opened_at
    assert delivery.stream == request.stream


def test_a_level_of_which_people_are_reminded(rita, maria):
    request = opens(asked(rita, "manager"), at=time.time() - DAY * 0.8)
    notices.remind_due()
    deadline = request.deadline.timestamp()
    assert told("request.reminder") == [common(request, status="waiting", level="manager", deadline=deadline)]


@pytest.mark.parametrize(
    "status", ["approved", "rejected", "timeout", "withdrawn", "cancelled", "invalid", "terminated"]
)
def test_every_way_in_which_it_ends_without_the_reason(rita, status):
    request = closes(asked(rita, "manager"), status, reason="he is a fool")
    [data] = told("request.closed")
    assert data == common(request, status=status, level=None, action=None)
    assert "fool" not in str(data)


def ends(request, status, **result):
    given = contracts.CloseRequest(ref_of(request), status, {"status": status, **result}, time.time(), "")
    recording.close_request(given)


def test_where_it_was_rejected_and_whether_what_was_approved_was_done(rita):
    ends(asked(rita, "manager"), "rejected", level="manager", reason="no")
    ends(asked(rita, "manager"), "approved", action={"state": "failed", "error": "the shop is closed"})
    rejected, approved = told("request.closed")
    assert (rejected["level"], rejected["action"]) == ("manager", None)
    assert (approved["level"], approved["action"]) == (None, "failed")
    assert "shop" not in str(approved)


@pytest.mark.parametrize("result", [None, [], {"action": "x", "level": None}, {"action": None}])
def test_a_result_of_another_shape_holds_up_nothing(rita, result):
    request = asked(rita, "manager")
    recording.close_request(contracts.CloseRequest(ref_of(request), "approved", result, time.time(), ""))
    assert told("request.closed")[0]["action"] is None


def test_an_action_that_failed_each_time(rita):
    request = asked(rita, "manager", status=Status.ACTION_RUNNING, action_name="record")
    fails = contracts.ActionEnded(ref_of(request), False, time.time(), "the shop is closed")
    recording.action_ended(fails)
    recording.action_ended(fails)
    assert len(told("request.action_failed")) == 1
    now = request.created_at
    Attempt.objects.create(
        request=request, decision_id="d", verdict="retry_action", known_by="signed_in", made_at=now, state="applied",
        settled_at=now,
    )  # fmt: skip
    request.status = Status.ACTION_RUNNING
    request.save()
    recording.action_ended(fails)
    first, second = told("request.action_failed")
    assert first == second
    assert first["status"] == "action_failed"


def test_what_the_reconciler_closes(rita):
    mending.end_outside(asked(rita, "manager"), reason="by mistake", how="terminated")
    [data] = told("request.closed")
    assert data["status"] == "terminated"


def test_a_request_without_an_amount_or_a_person(db):
    request = opens(asked(None, "manager", amount=None))
    assert told("request.level_opened")[0]["amount"] is None
    assert request.reference == told("request.level_opened")[0]["reference"]


def test_what_is_told_twice_by_a_workflow_is_told_once(rita, maria):
    request = asked(rita, "manager")
    opens(request)
    opens(request)
    request.steps.update(state="pending")
    opens(request)
    assert Delivery.objects.count() == 1


def test_without_receivers_it_costs_one_query_more(rita, maria, settings):
    from tests.approvals.web.making import queries_of

    Receiver.objects.all().delete()
    first, second = asked(rita, "manager"), asked(rita, "manager")
    with_hosts = queries_of(lambda: opens(first))
    settings.WEBHOOK_HOSTS = read("")
    assert with_hosts == queries_of(lambda: opens(second)) + 1


def test_that_something_was_said_and_by_whom_but_not_what(rita, maria):
    request = request_of(rita, "manager")
    question = asks(maria, request, "Why not rent it?")
    answers(rita, question, "It costs more.")
    says(maria, request, "I see.")
    assert told("request.question") == [common(request, status="waiting", by="maria", asked="rita")]
    assert told("request.answer") == [common(request, status="waiting", by="rita", asked=None)]
    assert told("request.comment") == [common(request, status="waiting", by="maria", asked=None)]
