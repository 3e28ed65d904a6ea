"""A workflow that somebody has ended in Temporal: the row, the ledger, the page and whoever clicked are told."""

from datetime import timedelta

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from accounts.models import Kind, Letter
from approvals.confirm import confirm
from approvals.looking import AGREES, Look
from approvals.models import Attempt, Missing, Request, Step
from tests.approvals.core.conftest import click, opened
from tests.approvals.reconcile.conftest import ends_outside, kinds, run, settled
from tests.temporal import until
from worker import client as door


def page(client, row, user):
    client.force_login(user)
    return " ".join(client.get(row.get_absolute_url()).content.decode().split())


def delete(house, row):
    """As Temporal's retention, or an operator, does it."""
    given = DeleteWorkflowExecutionRequest(
        namespace="default", workflow_execution=WorkflowExecution(workflow_id=row.workflow_id)
    )
    house.run(house.client.workflow_service.delete_workflow_execution(given))

    def gone():
        try:
            door.describe(row.workflow_id)
        except door.NotFound:
            return True
        return False

    until(gone, what="Temporal has forgotten it")


def test_a_terminated_one_is_closed_with_the_reason_and_the_ledger_and_the_page_say_so(client, house, waiting, maria):
    row = waiting()
    ends_outside(house, row)
    report = run()
    row.refresh_from_db()
    assert (row.status, row.is_open) == ("terminated", False)
    assert row.reason == "Its workflow was terminated in Temporal: by mistake"
    assert report.repaired == 1
    assert report.differing == 0
    assert any(row.reference in sentence and "by mistake" in sentence for sentence in report.said)
    assert kinds(row)[-1] == "request.ended_outside"
    assert [step.state for step in row.steps.all()] == [Step.State.SKIPPED]
    said = page(client, row, maria)
    assert "Ended in Temporal" in said
    assert "It was ended from outside" in said
    assert Letter.objects.filter(user=row.requester, kind=Kind.OUTCOME).count() == 1, "the requester is told"
    assert run().repaired == 0
    assert kinds(row).count("request.ended_outside") == 1


def test_one_that_ran_out_of_its_time_in_temporal_says_that(house, maria):
    handle = house.start({"title": "Laptops", "amount": 5}, execution_timeout=timedelta(seconds=2))
    row = opened(until(lambda: Request.objects.filter(workflow_id=handle.id).first()))
    until(lambda: door.describe(row.workflow_id).status == "TIMED_OUT")
    run()
    row.refresh_from_db()
    assert row.status == "terminated"
    assert "ran out of the time" in row.reason


def test_a_click_that_finds_it_gone_is_refused_and_mends_the_row_at_once(house, waiting, maria):
    row = waiting()
    ends_outside(house, row)
    receipt = click(row, maria)
    row.refresh_from_db()
    assert receipt.state == "refused"
    assert "ended in Temporal" in receipt.reason
    assert row.status == "terminated"
    assert kinds(row)[-2:] == ["decision.refused", "request.ended_outside"]


def test_what_was_clicked_and_never_settled_is_refused_with_it(house, waiting, maria):
    row = waiting()
    house.worker.stop()
    receipt = click(row, maria, patience=0.1)
    assert receipt.state == "recording"
    ends_outside(house, row)
    run(asking=False)
    assert receipt.attempt.__class__.objects.get(pk=receipt.attempt.pk).state == Attempt.State.REFUSED


def test_the_page_never_says_confirmed_of_one_that_was_ended(house, waiting, maria, alive):
    row = settled(waiting())
    assert confirm(row).state == "confirmed"
    ends_outside(house, row)
    found = until(lambda: (said := confirm(Request.objects.get(pk=row.pk))).state != "confirmed" and said)
    assert "Confirmed" not in found.words
    row.refresh_from_db()
    assert row.status == "terminated"


def test_a_reset_is_no_end_and_no_drift(house, waiting, maria):
    row = waiting()
    first = door.describe(row.workflow_id)
    reset = ResetWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=WorkflowExecution(workflow_id=row.workflow_id, run_id=first.run_id),
        reason="an operator's",
        workflow_task_finish_event_id=4,
        request_id=row.workflow_id,
    )
    house.run(house.client.workflow_service.reset_workflow_execution(reset))
    until(lambda: door.describe(row.workflow_id).run_id != first.run_id)
    settled(row)
    assert Look(row).run() == AGREES, "though its first run was terminated by the reset"
    report = run()
    row.refresh_from_db()
    assert row.is_open
    assert (report.repaired, report.differing) == (0, 0)


def test_a_closed_row_that_temporal_has_forgotten_is_no_drift(house, waiting, maria):
    row = waiting()
    house.signal(house.client.get_workflow_handle(row.workflow_id), "approve_step", "manager", "maria")
    until(lambda: not Request.objects.get(pk=row.pk).is_open)
    delete(house, row)
    report = run()
    row.refresh_from_db()
    assert row.status == "approved"
    assert (report.repaired, report.differing) == (0, 0)


def test_an_open_row_that_temporal_has_forgotten_is_closed_once_that_has_lasted(house, waiting, maria, settings):
    row = waiting()
    delete(house, row)
    report = run()
    row.refresh_from_db()
    assert row.is_open
    assert report.differing == 1
    assert Missing.objects.get().request_id == row.pk
    settings.FORGOTTEN_SECONDS = 0
    report = run()
    row.refresh_from_db()
    assert (row.status, report.repaired, report.differing) == ("terminated", 1, 0)
    assert "does not know its workflow any more" in row.reason
    assert not Missing.objects.exists()


def test_when_temporal_knows_none_of_them_nothing_is_closed(house, waiting, maria, settings):
    rows = [waiting() for _ in range(3)]
    Request.objects.update(first_run_id="another-server")
    settings.FORGOTTEN_SECONDS = 0
    for row in rows:
        delete(house, row)
    report = run()
    assert Request.objects.filter(closed_at=None).count() == 3
    assert report.differing == 3
    assert "is it the right one?" in report.said[-1]
    assert run(forgotten=True).repaired == 3


@pytest.mark.parametrize("reason", ["", "x" * 5_000, "two\nlines \x00 and “quotes”"])
def test_any_reason_will_do(house, waiting, maria, reason):
    row = waiting()
    ends_outside(house, row, reason.replace("\x00", ""))
    assert run().repaired == 1
