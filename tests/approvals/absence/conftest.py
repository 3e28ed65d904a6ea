"""Delegations as they are kept, and decisions judged as the recording activity judges them."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from approvals import recording
from approvals.holders import day_of
from approvals.models import Attempt, Delegation, Level, Step
from tests.approvals.admin.conftest import admin_in  # noqa: F401  (a fixture: found by its name here)
from tests.approvals.notices.conftest import _addresses  # noqa: F401  (a fixture: whoever a test makes has an address)
from worker import contracts


def day(number):
    """Today and so many days, by the site's calendar."""
    return day_of(timezone.now()) + timedelta(days=number)


def lends(delegator, delegate, level, first=0, last=7, **more):
    values = {"from_day": day(first), "until_day": day(last), "made_by_name": delegator.username, **more}
    return Delegation.objects.create(
        delegator=delegator, delegate=delegate, level=Level.objects.get(name=level), **values
    )


def judged(request, user, at=None, verdict="approve"):
    """A click of this person, at this moment, as it is recorded now; the level that is open."""
    step = request.steps.get(state=Step.State.OPEN)
    made = at or timezone.now()
    attempt = Attempt.objects.create(
        request=request, decision_id=str(uuid4()), verdict=verdict, level=step.level, user=user,
        username=user.username, known_by="signed_in", made_at=made, comment="why not",
    )  # fmt: skip
    claim = contracts.Claim(
        verdict,
        attempt.decision_id,
        step.level,
        user.username,
        "why not",
        handled_at=time.time(),
        open_index=step.index,
    )
    ref = contracts.Ref(request.workflow_id, request.first_run_id)
    deadline = step.deadline.timestamp()
    [found] = recording.record_claims(contracts.RecordClaims(ref, [claim], "waiting", step.index, deadline)).verdicts
    request.refresh_from_db()
    return found


@pytest.fixture
def dirk_for_vera(vera, dirk):
    """Dirk, a director, stands in for Vera as VP, from today on."""
    return lends(vera, dirk, "vp")
