"""Rows that lag behind their workflow, rows that were lost, and what was never sent: put right, and said."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Letter
from approvals import reconcile
from approvals.drift import Reconciliation
from approvals.models import Attempt, Request, Status, Step
from tests.approvals.core.conftest import click, opened, submit
from tests.approvals.reconcile.conftest import ends_outside, kinds, run, settled
from tests.temporal import until


def state(row):
    row.refresh_from_db()
    steps = [(step.state, step.decided_by_name) for step in row.steps.all()]
    return row.status, row.current_step, row.current_level, row.is_open, steps


@pytest.fixture
def half_way(house, waiting, maria):
    """The manager has approved, and the director is waited for."""
    row = waiting(20_000)
    assert click(row, maria).state == "recorded"
    return settled(opened(row, 1))


def test_what_agrees_is_left_alone(half_way):
    before = state(half_way)
    report = run()
    assert (report.compared, report.repaired, report.differing) == (1, 0, 0)
    assert state(half_way) == before
    assert Reconciliation.objects.get().compared == 1


def test_a_row_and_a_step_that_lag_follow_the_workflow(half_way):
    before = state(half_way)
    Request.objects.update(current_step=0, current_level="manager")
    half_way.steps.filter(index=0).update(state=Step.State.OPEN, decided_by_name="", decided_by=None)
    half_way.steps.filter(index=1).update(state=Step.State.PENDING, deadline=None)
    report = run()
    assert state(half_way) == before
    assert (report.repaired, report.differing) == (1, 0)
    assert kinds(half_way)[-1] == "request.mended"
    assert "current step" in report.said[0].replace("_", " ")
    assert half_way.steps.get(index=0).decided_by.username == "maria"
    assert run().repaired == 0


def test_a_deadline_that_lags_follows_the_workflow(half_way):
    right = half_way.deadline
    Request.objects.update(deadline=right + timezone.timedelta(hours=1))
    assert run().repaired == 1
    half_way.refresh_from_db()
    assert half_way.deadline == right


def test_a_row_that_was_closed_here_alone_is_opened_again(half_way, monkeypatch):
    monkeypatch.setattr(reconcile, "YOUNG", timezone.timedelta(0))
    before = state(half_way)
    long_ago = timezone.now() - timezone.timedelta(minutes=5)
    Request.objects.update(status=Status.REJECTED, closed_at=long_ago, updated_at=long_ago, deadline=None)
    Request.objects.update(current_level="")

    assert until(lambda: run().repaired) == 1
    assert state(half_way) == before


def test_a_row_of_a_request_that_has_ended_meanwhile_is_closed_as_it_ended(half_way, dirk):
    long_ago = timezone.now() - timezone.timedelta(minutes=5)
    click(half_way, dirk, "reject", "director", comment="too dear")
    until(lambda: not Request.objects.get().is_open)
    before = state(half_way)
    kept = (half_way.result, half_way.reason)
    Letter.objects.all().delete()
    Request.objects.update(status=Status.WAITING, closed_at=None, result=None, reason="", updated_at=long_ago)
    half_way.steps.filter(index=1).update(state=Step.State.OPEN)
    report = until(lambda: (found := run()).repaired and found)
    assert (report.repaired, report.differing) == (1, 0)
    assert state(half_way) == before
    assert (half_way.result, half_way.reason) == kept
    assert kept[1] == "too dear"
    assert Letter.objects.get().kind == "outcome", "the requester is told, as if it had been seen at once"


def test_what_is_on_record_is_never_undone_by_a_workflow_that_has_not_heard_yet(house, half_way, dirk, monkeypatch):
    """As if the worker had died between the recording and the workflow's hearing of it."""
    attempt = Attempt.objects.create(
        request=half_way, decision_id="d", verdict="approve", level="director", user=dirk, username="dirk",
        known_by="signed_in", made_at=timezone.now(), state=Attempt.State.APPLIED, settled_at=timezone.now(),
    )  # fmt: skip
    half_way.steps.filter(index=1).update(state=Step.State.APPROVED, decided_by=dirk, decided_by_name="dirk")
    Request.objects.update(current_step=2, current_level="", deadline=None, updated_at=timezone.now())
    settled(half_way)
    report = run()
    assert (report.repaired, report.differing) == (0, 0)
    Request.objects.update(updated_at=timezone.now() - timezone.timedelta(minutes=5))
    report = run()
    assert (report.repaired, report.differing) == (0, 1)
    assert half_way.steps.get(index=1).state == Step.State.APPROVED
    assert attempt.request_id == half_way.pk


def test_a_request_whose_row_was_lost_is_written_down_again(house, waiting, maria, rita, monkeypatch):
    monkeypatch.setattr(reconcile, "YOUNG", timezone.timedelta(0))
    row = waiting(20_000, details={"model": "X1"}, action={"name": "record", "args": {"text": "bought"}})
    click(row, maria)
    row = opened(row, 1)
    before, kept = state(row), Request.objects.get()
    Request.objects.all().delete()
    report = until(lambda: (found := run()).repaired and found)
    assert report.differing == 0
    found = Request.objects.get()
    assert state(found) == before
    names = "uuid title amount requester_id details action_name action_args policy_title policy_version payload"
    for name in (*names.split(), "distinct_approvers", "self_approval", "by_program", "first_run_id", "deadline"):
        assert getattr(found, name) == getattr(kept, name), name
    assert kinds(found)[-1] == "request.recreated"
    assert run().repaired == 0


def test_of_a_lost_row_a_dry_run_only_tells(house, waiting, monkeypatch):
    monkeypatch.setattr(reconcile, "YOUNG", timezone.timedelta(0))
    row = waiting()
    Request.objects.all().delete()
    report = until(lambda: (found := run(dry_run=True)).differing and found)
    assert row.workflow_id in report.said[0]
    assert not Request.objects.exists()


def test_a_decision_that_may_not_have_arrived_is_sent_again(house, waiting, maria):
    row = waiting(20_000)
    long_ago = timezone.now() - timezone.timedelta(minutes=1)
    Attempt.objects.create(
        request=row, decision_id="d", verdict="approve", level="manager", user=maria, username="maria",
        known_by="signed_in", made_at=long_ago, state=Attempt.State.UNKNOWN, sent_at=long_ago,
    )  # fmt: skip
    assert "sent: 1." in run(dry_run=True).said[0]
    assert Attempt.objects.get().state == Attempt.State.UNKNOWN
    report = run()
    assert "sent: 1." in report.said[0]
    until(lambda: Attempt.objects.get().state == Attempt.State.APPLIED)


def test_what_was_never_started_is_started(house, rita, maria, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr("approvals.services.sending.start", lambda row: False)
        row = submit(rita)
    Request.objects.update(created_at=timezone.now() - timezone.timedelta(minutes=1))
    assert "started: 1." in run().said[0]
    opened(row)


def test_a_dry_run_changes_nothing(house, half_way, waiting):
    Request.objects.update(current_step=0)
    other = waiting()
    ends_outside(house, other)
    ledger = kinds(half_way) + kinds(other)
    report = run(dry_run=True)
    assert (report.repaired, report.differing) == (0, 2)
    half_way.refresh_from_db()
    other.refresh_from_db()
    assert (half_way.current_step, other.is_open) == (0, True)
    assert kinds(half_way) + kinds(other) == ledger
    assert not Reconciliation.objects.exists()


def test_two_at_once_do_no_harm(house, half_way, waiting):
    before = state(half_way)
    Request.objects.update(current_step=0)
    others = [waiting() for _ in range(3)]
    for other in others:
        ends_outside(house, other)
    reports = []
    both = [threading.Thread(target=lambda: reports.append(in_thread())) for _ in range(2)]

    def in_thread():
        from django.db import connections

        try:
            return run()
        finally:
            connections.close_all()

    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(report.repaired for report in reports) == 4
    assert state(half_way) == before
    assert kinds(half_way).count("request.mended") == 1
    for other in others:
        other.refresh_from_db()
        assert other.status == "terminated"
        assert kinds(other).count("request.ended_outside") == 1


def test_with_many_it_asks_them_in_turn(house, waiting, monkeypatch):
    rows = [settled(waiting()) for _ in range(3)]
    monkeypatch.setattr(reconcile, "EACH_RUN", 1)
    Request.objects.filter(pk=rows[2].pk).update(current_step=1)
    assert [run().repaired for _ in range(3)] == [0, 0, 1]
    Request.objects.filter(pk=rows[1].pk).update(current_step=1)
    assert run(all_rows=True).repaired == 1


def test_the_command_tells_and_its_exit_code_is_what_is_left(house, half_way, alive):
    told = StringIO()
    call_command("reconcile", stdout=told)
    assert told.getvalue() == "1 compared, 0 mended: the index agrees with Temporal.\n"
    Request.objects.update(current_step=0)
    with pytest.raises(SystemExit) as left:
        call_command("reconcile", "--dry-run", stdout=StringIO())
    assert left.value.code == 1
    told = StringIO()
    call_command("reconcile", "--json", stdout=told)
    assert json.loads(told.getvalue())["repaired"] == 1


def test_the_command_says_that_temporal_does_not_answer(transactional_db, monkeypatch):
    from worker import client as door

    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    door.forget()
    told = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("reconcile", stderr=told)
    assert left.value.code == 1
    assert "Temporal could not be asked" in told.getvalue()
    monkeypatch.undo()
    door.forget()
