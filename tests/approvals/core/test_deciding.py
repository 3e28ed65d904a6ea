"""A click counts once, is never lost, and its receipt says what is known of it."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from approvals import recording, sending
from approvals.models import Attempt, Record, Request
from audit import verify
from audit.queries import of_stream
from tests.approvals.core.conftest import NOBODY, click, opened, submit
from tests.approvals.core.proxy import proxy_to
from tests.clicking import at_once, settled
from tests.conftest import person
from tests.temporal import until
from worker import client as door
from worker import contracts

# --- one click --------------------------------------------------------------------------------------------------


def test_a_click_is_recorded_and_counts(waiting, maria):
    request = waiting(action={"name": "record", "args": {"text": "bought"}})
    receipt = click(request, maria, comment="fine")
    assert (receipt.state, receipt.reason) == ("recorded", "")
    until(lambda: Request.objects.get().status == "approved")
    step = request.steps.get()
    assert (step.decided_by, step.known_by, step.comment) == (maria, "signed_in", "fine")
    assert Record.objects.get().request == request
    assert verify.stream(request.stream) is None


def test_a_double_click_is_one_decision_with_one_receipt(waiting, maria):
    request = waiting()
    first, second = at_once(*[lambda: click(request, maria, decision_id="one")] * 2)
    assert (first.state, second.state) == ("recorded", "recorded")
    assert first.attempt == second.attempt == Attempt.objects.get()
    assert click(request, maria, decision_id="one").state == "recorded", "and long after it"
    assert [entry.kind for entry in of_stream(request.stream)].count("decision.applied") == 1


def test_of_racing_approvers_one_counts_and_the_other_is_told_who_and_when(waiting, maria):
    mona = person("mona", "manager", first_name="Mona", last_name="Lind")
    for _ in range(3):
        request = waiting()
        receipts = at_once(partial(click, request, maria), partial(click, request, mona))
        assert sorted(receipt.state for receipt in receipts) == ["recorded", "refused"]
        lost = next(receipt for receipt in receipts if receipt.state == "refused")
        winner = "Mona Lind" if lost.attempt.user == maria else "Maria Berg"
        assert lost.code == "already_decided"
        assert lost.reason.startswith(f"{winner} approved as manager")
        assert "before" in lost.reason
        assert lost.attempt.state == "refused", "and stays visible as not applied"


@pytest.mark.parametrize("other", [{"by": "mona"}, {"level": "director"}, {"verdict": "reject"}], ids=str)
def test_the_same_id_for_another_decision_is_refused_and_in_the_ledger(waiting, maria, other):
    mona = person("mona", "manager")
    request = waiting(20_000)
    assert click(request, maria, decision_id="one").state == "recorded"
    given = {"by": maria, **other} if "by" not in other else {"by": mona}
    receipt = click(request, given.pop("by"), decision_id="one", **given)
    assert (receipt.state, receipt.code, receipt.attempt) == ("refused", "id_reused", None)
    entry = next(entry for entry in reversed(of_stream(request.stream)) if entry.kind == "decision.refused")
    assert (entry.data["code"], entry.known) == ("id_reused", "signed_in")
    assert Attempt.objects.get().state == "applied"


@pytest.mark.parametrize(("who", "code"), [("rita", "not_holder"), ("dirk", "not_holder"), ("admin", "not_holder")])
def test_a_click_of_somebody_who_may_not_is_refused_with_the_reason(waiting, rita, dirk, boss, who, code):
    receipt = click(waiting(), {"rita": rita, "dirk": dirk, "admin": boss}[who])
    assert (receipt.state, receipt.code) == ("refused", code)
    assert receipt.reason


def test_a_page_that_showed_something_else_is_not_what_was_approved(waiting, maria):
    request = waiting()
    Request.objects.filter(pk=request.pk).update(title="Yachts")
    receipt = click(request, maria)
    assert (receipt.state, receipt.code) == ("refused", "shown_differs")


def test_a_single_approval_is_decided_by_its_level_whatever_the_form_says(house, maria, dirk):
    handle = house.start({"title": "Laptops", "level": "director"}, workflow="ApprovalWorkflow", id="single-site")
    house.waits(handle)
    request = opened(Request.objects.get())
    assert click(request, maria, level="").code == "not_holder"
    assert click(request, dirk, level="").state == "recorded"
    assert house.result(handle)["status"] == "approved"


def test_the_requester_withdraws_on_the_site(waiting, rita):
    request = waiting()
    assert click(request, rita, "withdraw", "", comment="not needed").state == "recorded"
    until(lambda: Request.objects.get().status == "withdrawn")
    assert click(request, rita, "withdraw", "").code == "closed"


# --- Temporal or the worker away --------------------------------------------------------------------------------


def test_a_refused_connection_is_not_sent_and_the_click_can_be_repeated(waiting, maria, via, temporal_server):
    request = waiting()
    via(NOBODY)
    receipt = click(request, maria, decision_id="one", comment="fine")
    assert receipt.state == "not_sent"
    assert receipt.attempt.comment == "fine"
    assert Attempt.objects.get().state == "not_sent"
    via(temporal_server)
    assert sending.send_unsettled() == 0, "it is the person's to repeat"
    assert click(request, maria, decision_id="one", comment="fine").state == "recorded"
    assert Attempt.objects.get().comment == "fine"


def test_a_server_that_does_not_know_its_namespace_yet_has_not_closed_anything(waiting, maria, via, monkeypatch):
    request = waiting()
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "not-there-yet")
    door.forget()
    assert click(request, maria).state == "not_sent"


def test_with_the_worker_down_it_is_being_recorded_and_applied_when_it_is_back(house, waiting, maria):
    request = waiting()
    house.worker.stop()
    receipt = click(request, maria, patience=0.3)
    assert (receipt.state, Attempt.objects.get().state) == ("recording", "sent")
    house.worker.start()
    assert settled(receipt.attempt).state == "applied"


def test_an_answer_that_is_lost_leaves_it_unknown_and_sent_again_it_counts_once(waiting, maria, via, temporal_server):
    request = waiting()
    with proxy_to(temporal_server) as proxy:
        via(proxy.address)
        assert door.healthy(5)
        proxy.swallowing = True
        receipt = click(request, maria, patience=0.1)
        assert Attempt.objects.get().state in ("unknown", "applied"), "never failed, never not sent"
        assert receipt.state in ("recording", "recorded")
        proxy.swallowing = False
        Attempt.objects.filter(settled_at=None).update(sent_at=timezone.now() - timedelta(seconds=10))
        via(temporal_server)
        sending.send_unsettled()
    assert settled(receipt.attempt).state == "applied"
    assert [entry.kind for entry in of_stream(request.stream)].count("decision.applied") == 1


def test_an_unknown_sending_that_never_arrived_is_sent_again_under_its_id(house, waiting, maria, via, temporal_server):
    request = waiting()
    house.worker.stop()
    with proxy_to(temporal_server) as proxy:
        via(proxy.address)
        assert door.healthy(5)
        proxy.swallowing = True
        receipt = click(request, maria, patience=0.1)
        assert (receipt.state, Attempt.objects.get().state) == ("recording", "unknown")
    via(NOBODY)
    Attempt.objects.update(sent_at=timezone.now() - timedelta(seconds=10))
    assert sending.send_unsettled() == 0
    assert Attempt.objects.get().state == "unknown", "the first sending may have arrived: not sent would be a lie"
    via(temporal_server)
    Attempt.objects.update(sent_at=timezone.now() - timedelta(seconds=10))
    assert sending.send_unsettled() == 1
    house.worker.start()
    assert settled(receipt.attempt).state == "applied"
    assert Attempt.objects.count() == 1


def test_a_click_of_which_the_process_died_is_sent_by_the_next(waiting, maria):
    """Committed, and killed before the signal went out."""
    request = waiting()
    made = timezone.now() - timedelta(seconds=6)
    attempt = Attempt.objects.create(
        request=request, decision_id="one", verdict="approve", level="manager", user=maria, username="maria",
        known_by="signed_in", made_at=made,
    )  # fmt: skip
    assert sending.send_unsettled() == 1
    assert settled(attempt).state == "applied"


# --- deadlines --------------------------------------------------------------------------------------------------


def short(house, seconds: float) -> Request:
    house.start({"title": "Laptops", "amount": 5, "requester": "rita", "level_timeout_seconds": seconds})
    until(lambda: Request.objects.filter(deadline__isnull=False).exists())
    return Request.objects.get()


def test_a_click_before_the_deadline_counts_with_the_worker_down_over_it(house, maria):
    request = short(house, 3)
    house.worker.stop()
    receipt = click(request, maria, patience=0.1)
    until(lambda: timezone.now() > request.deadline + timedelta(seconds=3))
    house.worker.start()
    assert settled(receipt.attempt).state == "applied"
    until(lambda: Request.objects.get().status == "approved")


def test_a_click_after_the_deadline_is_refused_with_the_worker_down_over_it(house, maria):
    request = short(house, 1)
    house.worker.stop()
    until(lambda: timezone.now() > request.deadline)
    receipt = click(request, maria, patience=0.1)
    house.worker.start()
    attempt = settled(receipt.attempt)
    assert (attempt.state, attempt.code) == ("refused", "late")
    assert "deadline had passed" in attempt.reason
    until(lambda: Request.objects.get().status == "timeout")


def test_a_click_in_time_that_was_never_sent_does_not_count_at_the_deadline(house, maria, via, temporal_server):
    """The person was told "not sent", and may have thought better of it since."""
    request = short(house, 2)
    via(NOBODY)
    assert click(request, maria).state == "not_sent"
    via(temporal_server)
    until(lambda: Request.objects.get().status == "timeout")


# --- after the end ----------------------------------------------------------------------------------------------


def test_a_click_that_finds_the_workflow_closed_is_refused_and_names_who_was_first(waiting, maria):
    mona = person("mona", "manager", first_name="Mona", last_name="Lind")
    request = waiting()
    assert click(request, mona).state == "recorded"
    until(lambda: Request.objects.get().status == "approved")
    receipt = click(request, maria)
    assert (receipt.state, receipt.code) == ("refused", "already_decided")
    assert "Mona Lind" in receipt.reason
    assert of_stream(request.stream)[-1].kind == "decision.refused"


def test_a_click_on_a_workflow_that_was_terminated_is_refused(house, waiting, maria):
    request = waiting()
    house.run(house.started[0].terminate("by an operator"))
    receipt = click(request, maria)
    assert (receipt.state, receipt.code) == ("refused", "closed")


def test_a_closed_request_reads_the_same_after_temporal_has_forgotten_it(house, waiting, maria):
    request = waiting(action={"name": "record", "args": {"text": "bought"}})
    click(request, maria, comment="fine")
    until(lambda: Request.objects.get().closed_at)

    def everything():
        row = Request.objects.get()
        return (
            {field.attname: getattr(row, field.attname) for field in row._meta.fields},
            list(row.steps.values()),
            list(row.attempts.values()),
            [entry.body for entry in of_stream(row.stream)],
        )

    before = everything()
    deletion = DeleteWorkflowExecutionRequest(
        namespace="default", workflow_execution=WorkflowExecution(workflow_id=request.workflow_id)
    )
    house.run(house.client.workflow_service.delete_workflow_execution(deletion))
    until(lambda: _forgotten(request))
    assert everything() == before
    assert click(request, maria).code == "already_decided"
    assert sending.start_pending() == 0, "its id is free again, but the row is the guard"
    assert _forgotten(request)


def _forgotten(request: Request) -> bool:
    try:
        door.describe(request.workflow_id)
    except door.NotFound:
        return True
    return False


# --- submitting -------------------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_request(house, rita):
    import uuid

    form = uuid.uuid4()
    first, second = at_once(*[lambda: submit(rita, uuid=form)] * 2)
    assert first.pk == second.pk
    assert Request.objects.get().uuid == form


def test_another_persons_form_is_not_taken(house, rita, maria):
    first = submit(rita)
    other = submit(maria, uuid=first.uuid)
    assert (other.requester, Request.objects.count()) == (maria, 2)


def test_submitted_while_temporal_is_away_it_starts_by_itself_once(house, rita, via, temporal_server):
    via(NOBODY)
    request = submit(rita)
    assert (request.status, request.first_run_id) == ("not_started", "")
    Request.objects.update(created_at=timezone.now() - timedelta(seconds=10))
    assert sending.start_pending() == 0
    receipt = click(request, rita)
    assert (receipt.state, receipt.code) == ("refused", "not_started")
    via(temporal_server)
    at_once(*[sending.start_pending] * 2)
    opened(request)
    assert Request.objects.count() == 1
    handle = house.client.get_workflow_handle(request.workflow_id)
    house.started.append(handle)
    assert house.run(handle.describe()).run_id == request.first_run_id
    assert sending.start_pending() == 0


def test_a_start_whose_answer_is_lost_starts_once(house, rita, via, temporal_server):
    with proxy_to(temporal_server) as proxy:
        via(proxy.address)
        assert door.healthy(5)
        proxy.swallowing = True
        request = submit(rita)
    via(temporal_server)
    opened(request)
    Request.objects.filter(status="not_started").update(created_at=timezone.now() - timedelta(seconds=10))
    sending.start_pending()
    assert Request.objects.count() == 1
    assert Request.objects.get().first_run_id


# --- the same thing written down twice at the same moment -------------------------------------------------------


def test_an_activity_that_runs_twice_at_the_same_moment_opens_one_request(transactional_db):
    """Temporal tries again what it believes dead. On PostgreSQL that may fail once; tried again it finds the row."""
    parsed = contracts.parse_request({"title": "Laptops", "amount": 5})
    given = contracts.OpenRequest(contracts.Ref("twice", "run-1", "run-1", "MultiStepApprovalWorkflow"), parsed.request)

    def tried() -> contracts.Opened:
        for _ in range(2):
            try:
                return recording.open_request(given)
            except IntegrityError:
                continue
        raise AssertionError("it would be tried for ever")

    first, *others = at_once(*[tried] * 4)
    assert all(other == first for other in others)
    assert Request.objects.count() == 1
    assert [entry.kind for entry in of_stream(Request.objects.get().stream)] == ["request.opened"]


def test_claims_of_many_programs_in_a_row_and_clicks_at_the_same_moment_count_once(waiting, maria):
    mona = person("mona", "manager")
    request = waiting()
    ref = contracts.Ref(request.workflow_id, request.first_run_id)
    deadline = request.deadline.timestamp()

    def recorded(who: str) -> contracts.Recorded:
        claim = contracts.Claim("approve", f"by-{who}", "manager", who, "", "", deadline - 60, 0)
        return recording.record_claims(contracts.RecordClaims(ref, [claim], "waiting", 0, deadline))

    verdicts = at_once(*[partial(recorded, who) for who in ("maria", "mona", "maria", "mona")])
    applied = {verdict.by for recorded in verdicts for verdict in recorded.verdicts if verdict.applied}
    assert len(applied) == 1
    assert Attempt.objects.filter(state="applied").count() == 1
    assert Attempt.objects.count() == 2
    assert click(request, mona).code == "already_decided"


def test_a_click_reaches_the_run_that_an_operators_reset_has_made(house, waiting, maria):
    request = waiting()
    reset = ResetWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=WorkflowExecution(workflow_id=request.workflow_id, run_id=request.first_run_id),
        workflow_task_finish_event_id=4,
        request_id="reset",
        reason="a test",
    )
    house.run(house.client.workflow_service.reset_workflow_execution(reset))
    new_run = door.describe(request.workflow_id).run_id
    assert new_run != request.first_run_id
    until(lambda: door.query(request.workflow_id, "get_approval_status", run_id=new_run)["status"] == "waiting")
    assert click(request, maria).state == "recorded"
    until(lambda: Request.objects.get().status == "approved")
