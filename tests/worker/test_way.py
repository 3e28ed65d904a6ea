"""The way of a request, by contract: from any program, on a real server."""

import threading
import uuid

import pytest
from django.contrib.auth.models import User

from approvals.models import Attempt, Policy, Record, Request
from audit import verify
from audit.queries import of_stream
from tests.conftest import person
from tests.temporal import LEVELS, SINGLE
from worker import client as door
from worker import registry

LAPTOPS = {"title": "Laptops", "amount": 20_000, "requester": "rita"}
STEP = {"level", "approved", "rejected", "pending", "approved_by", "approved_at", "rejection_reason", "deadline"}


def row_of(handle) -> Request:
    return Request.objects.get(workflow_id=handle.id)


def kinds(row: Request) -> list[str]:
    assert verify.stream(row.stream) is None
    return [entry.kind for entry in of_stream(row.stream)]


def single(house, **given):
    handle = house.start({"title": "Laptops", **given}, workflow=SINGLE, id=f"single-{uuid.uuid4()}")
    house.waits(handle)
    return handle


# --- the chain --------------------------------------------------------------------------------------------------


def test_a_chain_is_approved_level_by_level_and_its_action_runs(house, maria, dirk):
    action = {"name": "record", "args": {"text": "Laptops ordered"}}
    handle = house.start({**LAPTOPS, "action": action})
    told = house.waits(handle)
    assert (told["total_steps"], [step["level"] for step in told["steps"]]) == (2, ["manager", "director"])
    assert set(told["steps"][0]) >= STEP
    house.signal(handle, "approve_step", "manager", "maria", "fine")
    told = house.waits(handle, step=1)
    assert (told["steps"][0]["approved_by"], told["steps"][0]["approved"], told["steps"][0]["pending"]) == (
        "maria",
        True,
        False,
    )
    house.signal(handle, "approve_step", "director", "dirk")
    result = house.result(handle)
    assert [step["level"] for step in result["approval_chain"]] == ["manager", "director"]
    assert [step["approved_by"] for step in result["approval_chain"]] == ["maria", "dirk"]
    assert all(isinstance(step["approved_at"], float) for step in result["approval_chain"])
    assert set(result) == {"status", "approval_chain", "result", "action"}
    assert (result["status"], result["action"]) == ("approved", {"state": "done", "error": None})
    assert result["result"] == {"record": Record.objects.get().pk}
    told = house.ask(handle, "get_approval_status")
    assert told["current_step"] == told["total_steps"] == 2


def test_the_index_and_the_ledger_tell_the_same(house, maria, dirk):
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "maria")
    house.waits(handle, step=1)
    house.signal(handle, "approve_step", "director", "dirk")
    result = house.result(handle)
    row = row_of(handle)
    assert (row.status, row.result, row.by_program, row.title) == ("approved", result, True, "Laptops")
    assert list(row.steps.values_list("state", "decided_by__username")) == [("approved", "maria"), ("approved", "dirk")]
    opened = ["request.opened", "level.opened"]
    assert kinds(row) == [*opened, "decision.applied", "level.opened", "decision.applied", "request.closed"]


@pytest.mark.parametrize(
    ("amount", "levels"),
    [(0, 1), (9_999.99, 1), (10_000, 2), (99_999.99, 2), (100_000, 3), (999_999.99, 3), (1_000_000, 4), (9_999.999, 2)],
)
def test_the_amount_decides_how_long_the_chain_is(house, amount, levels):
    told = house.waits(house.start({"title": "Laptops"}, amount))
    assert [step["level"] for step in told["steps"]] == ["manager", "director", "vp", "ceo"][:levels]


def test_another_currency_takes_the_full_chain(house):
    assert house.waits(house.start({"title": "Laptops", "currency": "USD"}, 5))["total_steps"] == 4


def test_a_program_may_name_levels_and_their_deadline(house):
    told = house.waits(house.start({**LAPTOPS, "levels": ["ceo", "manager"], "level_timeout_seconds": 60}))
    assert [step["level"] for step in told["steps"]] == ["ceo", "manager"]
    step = told["steps"][0]
    assert step["deadline"] - step["opened_at"] == pytest.approx(60)


def test_a_policy_may_forbid_that(house):
    Policy.objects.update(overrides_allowed=False)
    for override in ({"levels": ["ceo"]}, {"level_timeout_seconds": 60}):
        result = house.result(house.start({**LAPTOPS, **override}))
        assert (result["reason"], len(result["errors"])) == ("validation_failed", 1)


def test_a_later_change_of_policy_moves_no_open_request(house, maria):
    handle = house.start({**LAPTOPS, "amount": 5})
    house.waits(handle)
    Policy.objects.get(kind="default").tiers.all().delete()
    Policy.objects.update(overrides_allowed=False)
    house.signal(handle, "approve_step", "manager", "maria")
    assert house.result(handle)["status"] == "approved"


# --- the other ends ---------------------------------------------------------------------------------------------


def test_a_rejection_names_the_level_and_the_reason(house, maria, dirk):
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "maria")
    house.waits(handle, step=1)
    house.signal(handle, "reject_step", "director", "too dear", "dirk")
    assert house.result(handle) == {"status": "rejected", "level": "director", "reason": "too dear"}
    step = house.ask(handle, "get_approval_status")["steps"][1]
    assert (step["rejected"], step["rejection_reason"], step["pending"]) == (True, "too dear", False)


def test_a_rejection_without_an_approver_is_unattributed(house):
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "reject_step", "manager", "no")
    assert house.result(handle)["status"] == "rejected"
    assert row_of(handle).steps.first().decided_by_name == "unattributed"


def test_the_requester_withdraws(house, rita):
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "withdraw", "somebody", "mine now", "stranger")
    assert house.settled(handle, "stranger")["code"] == "not_requester"
    house.signal(handle, "withdraw", "rita", "changed my mind")
    assert house.result(handle) == {"status": "withdrawn", "reason": "changed my mind"}
    assert list(row_of(handle).steps.values_list("state", flat=True)) == ["skipped", "skipped"]


BAD = [
    ([], 1),
    ([{}], 2),
    ([{"title": "Laptops"}], 1),
    (["Laptops", 5], 1),
    ([{"title": "Laptops", "amount": "abc"}], 1),
    ([{"title": "Laptops", "amount": 5, "kind": "unknown"}], 1),
    ([{"title": "Laptops", "amount": 5, "levels": []}], 1),
    ([{"title": "Laptops", "amount": 5, "levels": ["janitor"]}], 1),
    ([{"title": "Laptops", "amount": 5, "action": {"name": "unknown"}}], 1),
    ([{"title": "Laptops", "amount": 5, "action": {"name": "record", "args": {"text": 5}}}], 1),
    ([{"title": "Laptops", "amount": 5, "action": {"name": "record", "args": {"colour": "red"}}}], 1),
    ([{"title": "Laptops"}, -5], 1),
    ([{"title": "x" * 10_000}, 10**40], 2),
    ([None, None, None, None, 5, "x", [], {}], 1),
]


@pytest.mark.parametrize("workflow", [LEVELS, SINGLE])
def test_what_does_not_validate_is_told_and_kept(house, workflow):
    started = [(house.start(*args, workflow=workflow), args, wrong) for args, wrong in BAD]
    for handle, args, wrong in started:
        if workflow == SINGLE and args and isinstance(args[0], dict) and "amount" not in args[0] and "title" in args[0]:
            continue  # an amount is not needed there, and there is no second argument
        result = house.result(handle)
        assert set(result) == {"status", "reason", "errors"}
        assert (result["status"], result["reason"]) == ("rejected", "validation_failed")
        assert len(result["errors"]) == (1 if workflow == SINGLE and args == [{}] else wrong), (args, result)
        row = row_of(handle)
        assert (row.status, row.is_open, kinds(row)) == ("invalid", False, ["request.closed"])


def test_more_arguments_than_it_takes_do_no_harm(house):
    house.waits(house.start(LAPTOPS, 5, "more", ["and"], {"more": 1}))


@pytest.mark.parametrize("when", ["before it runs", "while it waits", "after a level"])
def test_cancelled_from_outside_it_says_so(house, maria, when):
    if when == "before it runs":
        house.worker.stop()
    handle = house.start(LAPTOPS)
    if when != "before it runs":
        house.waits(handle)
    if when == "after a level":
        house.signal(handle, "approve_step", "manager", "maria")
        house.waits(handle, step=1)
    house.run(handle.cancel())
    house.worker.start()
    assert house.result(handle) == {"status": "cancelled"}
    row = row_of(handle)
    assert (row.status, row.result, kinds(row)[-1]) == ("cancelled", {"status": "cancelled"}, "request.closed")


# --- the action -------------------------------------------------------------------------------------------------


def approved_with_action(house, **more):
    handle = house.start({**LAPTOPS, "amount": 5, "action": {"name": "obey", "args": {"item": "laptop"}}, **more})
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "maria")
    return handle


def test_an_action_that_fails_waits_for_somebody_and_is_retried(house, maria, rita, obey):
    obey.fails_for_good(2)
    handle = approved_with_action(house)
    told = house.waits(handle, "action_failed", 1)
    assert "the shop is closed" in told["action_error"]
    assert row_of(handle).status == "action_failed"
    house.signal(handle, "retry_action", "maria", "first")
    assert house.settled(handle, "first")["state"] == "applied"
    house.waits(handle, "action_failed", 1)
    house.signal(handle, "retry_action", "rita", "second")
    result = house.result(handle)
    assert (result["action"], result["result"]) == ({"state": "done", "error": None}, {"order": 7})
    assert {call["key"] for call in obey.calls} == {str(row_of(handle).uuid)}
    assert len(obey.calls) == 3
    assert house.ask(handle, "get_approval_status")["action_error"] is None
    assert kinds(row_of(handle))[2:] == [
        *["decision.applied", "action.failed", "decision.applied", "action.failed"],
        *["decision.applied", "action.done", "request.closed"],
    ]


def test_an_action_that_fails_is_given_up(house, maria, obey):
    obey.fails_for_good()
    handle = approved_with_action(house)
    house.waits(handle, "action_failed", 1)
    house.signal(handle, "give_up", "maria", "we buy elsewhere")
    result = house.result(handle)
    assert (result["status"], result["result"], result["action"]["state"]) == ("approved", None, "failed")
    assert "the shop is closed" in result["action"]["error"]
    assert row_of(handle).status == "approved"


@pytest.mark.parametrize(
    ("name", "who", "code"),
    [("retry_action", "dirk", "not_allowed"), ("give_up", "", "not_allowed"), ("withdraw", "rita", "too_late")],
)
def test_only_who_is_concerned_mends_a_failed_action(house, maria, dirk, rita, obey, name, who, code):
    obey.fails_for_good()
    handle = approved_with_action(house)
    house.waits(handle, "action_failed", 1)
    house.signal(handle, name, who, *(["no"] if name != "retry_action" else []), "odd")
    assert house.settled(handle, "odd")["code"] == code


def test_a_retry_where_nothing_failed_is_refused(house, maria):
    handle = house.start(LAPTOPS)
    house.waits(handle)
    for name in ("retry_action", "give_up"):
        house.signal(handle, name, "maria", *(["no"] if name == "give_up" else []), name)
        assert house.settled(handle, name)["code"] == "not_failed"


@pytest.mark.parametrize("gives", [None, 5, "text", [1, (2, 3)], {"a": float("inf")}, object(), "x" * 3_000_000, b"x"])
def test_an_action_that_ran_is_not_run_again_for_what_it_gave(house, maria, obey, gives):
    obey.gives = gives
    assert house.result(approved_with_action(house))["action"]["state"] == "done"
    assert len(obey.calls) == 1


def test_a_result_nested_without_end_is_not_kept(house, maria, obey):
    for _ in range(40):
        obey.gives = [obey.gives]
    assert "not_kept" in house.result(approved_with_action(house))["result"]
    assert len(obey.calls) == 1


def test_cancelled_while_its_action_runs_it_ends_by_what_the_action_did(house, maria, obey):
    obey.may_end.clear()
    handle = approved_with_action(house)
    assert obey.called.wait(60)
    house.run(handle.cancel())
    house.signal(handle, "approve_step", "manager", "maria", "", "late")
    assert house.settled(handle, "late")["state"] == "refused", "the cancellation is heard, and claims are answered"
    obey.may_end.set()
    assert house.result(handle)["action"] == {"state": "done", "error": None}
    assert row_of(handle).status == "approved"
    assert len(obey.calls) == 1


def test_cancelled_while_a_decision_is_recorded_the_decision_stands_on_record(house, maria, monkeypatch):
    recording, may_record = threading.Event(), threading.Event()
    record = registry._handlers["approvals.record_claims"]

    def slowly(given):
        recording.set()
        assert may_record.wait(60)
        return record(given)

    monkeypatch.setitem(registry._handlers, "approvals.record_claims", slowly)
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "maria", "", "one")
    assert recording.wait(60)
    house.run(handle.cancel())
    may_record.set()
    assert house.result(handle) == {"status": "cancelled"}
    row = row_of(handle)
    assert row.attempts.get().state == "applied"
    assert row.steps.get(index=0).state == "approved"
    assert row.status == "cancelled"


def test_cancelled_while_its_failed_action_waits_for_somebody_it_says_so(house, maria, obey):
    obey.fails_for_good()
    handle = approved_with_action(house)
    house.waits(handle, "action_failed", 1)
    house.run(handle.cancel())
    assert house.result(handle) == {"status": "cancelled"}


# --- one approval without levels --------------------------------------------------------------------------------


def test_a_single_approval_by_anybody_who_holds_a_level(house, maria):
    handle = single(house, action={"name": "record", "args": {}})
    told = house.ask(handle, "get_status")
    assert (told["approved"], told["rejected"], told["rejection_reason"], told["waiting"]) == (False, False, None, True)
    house.signal(handle, "approve", "maria", "fine")
    assert house.result(handle) == {
        "status": "approved",
        "result": {"record": Record.objects.get().pk},
        "action": {"state": "done", "error": None},
    }
    told = house.ask(handle, "get_status")
    assert (told["approved"], told["waiting"]) == (True, False)


def test_a_single_approval_by_who_holds_its_level(house, maria, dirk):
    handle = single(house, level="director")
    house.signal(handle, "approve", "maria", "", "manager")
    assert house.settled(handle, "manager")["code"] == "not_holder"
    house.signal(handle, "approve", "dirk", "", "director")
    assert house.result(handle)["status"] == "approved"


def test_a_single_rejection(house, maria):
    handle = single(house)
    house.signal(handle, "reject", "not now", "maria")
    assert house.result(handle) == {"status": "rejected", "reason": "not now"}
    told = house.ask(handle, "get_status")
    assert (told["rejected"], told["rejection_reason"]) == (True, "not now")


def test_a_single_approval_without_a_name_is_unattributed(house):
    handle = single(house)
    house.signal(handle, "approve")
    assert house.result(handle)["status"] == "approved"
    assert Attempt.objects.get().username == ""


def test_a_single_approval_is_not_the_requesters(house, maria):
    Policy.objects.update(self_approval=True)
    handle = single(house, requester="maria")
    house.signal(handle, "approve", "maria", "", "own")
    assert house.settled(handle, "own")["code"] == "own_request"
    house.signal(handle, "withdraw", "maria", "never mind")
    assert house.result(handle) == {"status": "withdrawn", "reason": "never mind"}


# --- whoever starts it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["invoice/2041", "approval-nonsense", "x" * 900, "Prüfung ✓"])
def test_any_workflow_id_gets_a_row_a_uuid_and_a_page(house, client, boss, id):
    handle = house.start(LAPTOPS, id=id)
    told = house.waits(handle)
    row = row_of(handle)
    assert told["uuid"] == str(row.uuid)
    assert kinds(row)[0] == "request.opened"
    client.force_login(boss)
    assert client.get(row.get_absolute_url()).status_code == 200


def test_the_uuid_of_the_workflow_id_is_the_requests(house):
    wanted = uuid.uuid4()
    house.waits(house.start(LAPTOPS, id=f"approval-{wanted}"))
    assert Request.objects.get().uuid == wanted


def test_the_id_of_another_request_does_not_give_its_uuid(house):
    wanted = uuid.uuid4()
    house.waits(house.start(LAPTOPS, id=f"approval-{wanted}"))
    house.waits(house.start(LAPTOPS, id=f"approval-{wanted.hex}"))
    assert Request.objects.count() == 2


def test_the_same_id_after_the_end_is_another_request(house):
    first = house.start(LAPTOPS, id="again")
    house.waits(first)
    house.run(first.cancel())
    house.result(first)
    second = house.start(LAPTOPS, id="again")
    house.waits(second)
    assert list(Request.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "waiting"]
    assert Request.objects.values("uuid").distinct().count() == 2


def test_a_strangers_workflow_under_the_id_of_a_request_does_not_pass_for_it(house, maria, rita, monkeypatch):
    """Who knows the id of what waits to be started could else have one thing approved and another done."""
    from approvals import sending, services

    def away(*args, **more):
        raise door.Unreachable("refused")

    with monkeypatch.context() as patched:
        patched.setattr("worker.client.start", away)
        row = services.submit(
            title="A pencil", amount=5, currency="EUR", kind="default", details={}, action=None, by=rita
        )
    handle = house.start({**LAPTOPS, "action": {"name": "record"}}, id=row.workflow_id)
    sending.start(row)
    house.waits(handle)
    row.refresh_from_db()
    stranger = Request.objects.get(by_program=True)
    assert (row.status, row.first_run_id, row.title) == ("invalid", "", "A pencil")
    assert (stranger.status, stranger.title) == ("waiting", "Laptops")
    assert stranger.uuid != row.uuid
    receipt = services.decide(
        request=row, verdict="approve", level="manager", comment="", decision_id="one", shown="", by=maria
    )
    assert receipt.state == "refused"
    assert house.ask(handle, "get_approval_status")["current_step"] == 0


def test_a_workflow_elsewhere_gets_its_decision_as_from_a_child(house, maria, temporal_server):
    from tests.worker.elsewhere import parents

    with parents(temporal_server):
        parent = house.start({**LAPTOPS, "amount": 5}, workflow="Parent", id="parent", task_queue="elsewhere")
        child = house.client.get_workflow_handle("parent-child")
        from tests.temporal import until

        until(lambda: Request.objects.filter(workflow_id="parent-child", deadline__isnull=False).exists())
        house.signal(child, "approve_step", "manager", "maria")
        assert house.result(parent)["status"] == "approved"
    assert kinds(row_of(child))[-1] == "request.closed"


def test_a_person_who_was_inactive_or_is_unknown_has_no_row_of_their_own(house):
    person("gone", is_active=False)
    house.waits(house.start({**LAPTOPS, "requester": "gone"}))
    row = Request.objects.get()
    assert (row.requester, row.requester_name) == (None, "gone")
    assert User.objects.filter(username="gone").exists()
