"""Steps carry their request's amount and end: wherever that is written, in the same transaction."""

import importlib
from decimal import Decimal

import pytest
from django.apps import apps
from django.db.models import F, Q
from django.utils import timezone

from approvals import mending, recording
from approvals.follow import Target
from approvals.models import Request, Status, Step
from tests.approvals.inbox.conftest import made
from tests.approvals.web.making import decided
from worker import contracts
from worker.contracts import Ref

REF = Ref("invoice-7", "run-1", "run-1", "MultiStepApprovalWorkflow")
NOW = 1_900_000_000.0


def differing():
    """Steps that do not say what their request says."""
    same = Q(amount=F("request__amount")) | Q(amount=None, request__amount=None)
    ended = Q(closed_at=F("request__closed_at")) | Q(closed_at=None, request__closed_at=None)
    return list(Step.objects.exclude(Q(pk__in=Step.objects.filter(same & ended))))


@pytest.fixture
def recorded(maria, dirk):
    """As a workflow has it written down: two levels, the first of which waits."""
    given = contracts.parse_request({"title": "Laptops", "amount": 20_000.25, "requester": "rita"})
    recording.open_request(contracts.OpenRequest(REF, given.request, given.errors, given.warnings, NOW))
    recording.open_level(contracts.OpenLevel(REF, 0, NOW, NOW + 86_400))
    return Request.objects.get()


def target(status, *states):
    steps = [
        {
            "state": state, "level": "manager", "opened_at": None, "deadline": None, "decided_by_name": "",
            "on_behalf_of_name": "", "decided_at": None, "comment": "",
        }
        for state in states
    ]  # fmt: skip
    return Target({"status": status, "current_step": 0, "current_level": "", "deadline": None}, steps)


def test_a_chain_begins_with_its_requests_amount_and_no_end(recorded):
    assert list(recorded.steps.values_list("amount", "closed_at")) == [(Decimal("20000.25"), None)] * 2
    assert differing() == []


def test_a_workflow_that_closes_closes_its_steps(recorded, maria):
    decided(recorded, 0, maria)
    recording.close_request(contracts.CloseRequest(REF, "rejected", {"status": "rejected"}, NOW + 5, "no"))
    recorded.refresh_from_db()
    assert set(recorded.steps.values_list("closed_at", flat=True)) == {recorded.closed_at}
    assert list(recorded.steps.values_list("state", flat=True)) == ["approved", "skipped"]
    assert differing() == []


def test_one_that_is_ended_outside_closes_its_steps(recorded, maria):
    decided(recorded, 0, maria)
    assert mending.end_outside(recorded, reason="by mistake", how="terminated")
    recorded.refresh_from_db()
    assert set(recorded.steps.values_list("closed_at", flat=True)) == {recorded.closed_at}
    assert list(recorded.steps.values_list("state", flat=True)) == ["approved", "skipped"]


def test_a_row_that_follows_its_workflow_to_its_end_and_back_takes_its_steps_along(rita):
    row = made(rita, "manager", amount=None)
    assert mending.follow(row, target(Status.REJECTED, "rejected", "skipped"))
    row.refresh_from_db()
    assert row.closed_at is not None
    assert row.steps.count() == 2, "one was missing"
    assert differing() == []
    assert mending.follow(row, target(Status.ACTION_FAILED, "rejected", "pending"))
    row.refresh_from_db()
    assert row.closed_at is None
    assert differing() == []


def test_a_step_that_is_made_for_a_closed_request_says_so(rita):
    row = made(rita, "manager", status=Status.REJECTED, closed_at=timezone.now())
    row.steps.create(index=1, level="vp", timeout_seconds=9)
    assert differing() == []


def test_chains_from_before_are_filled_batch_by_batch(rita, monkeypatch):
    for number in range(5):
        made(rita, "manager", "director", amount=number or None)
        made(rita, "manager", status=Status.REJECTED, amount=number)
    Step.objects.update(amount=None, closed_at=None)
    assert len(differing()) > 5
    migration = importlib.import_module("approvals.migrations.0011_chains")
    monkeypatch.setattr(migration, "BATCH", 2)
    migration.fill(apps, None)
    assert differing() == []
