"""Temporal, played as in the tests of the pages; requests that a search finds, and a house full of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Delegation, Level, LevelHolder, Status
from approvals.searched import remember
from tests.approvals.web.conftest import temporal  # noqa: F401
from tests.approvals.web.making import decided, request_of
from tests.conftest import person


def made(requester, *levels, **more):
    one = request_of(requester, *levels, **more)
    remember(one)
    return one


@pytest.fixture
def peter(db):
    return person("peter", "manager", first_name="Peter", last_name="Tal")


@pytest.fixture
def house_of_requests(maria, dirk, vera, rita, peter):
    """Something of everything: own, decided, barred, lax, closed, without a level, of a program."""
    two_levels = person("twice", "manager", "director")
    moved = person("moved", "director")
    limited = person("limited")
    LevelHolder.objects.create(user=limited, level=Level.objects.get(name="manager"), kinds="travel")
    lent = person("stands-in")
    days = {"from_day": timezone.localdate() - timedelta(days=1), "until_day": timezone.localdate() + timedelta(days=1)}
    Delegation.objects.create(delegator=dirk, delegate=lent, level=Level.objects.get(name="director"), **days)
    for requester in (rita, peter, two_levels, dirk, None):
        name = requester.username if requester else "a program"
        made(requester, "manager", title=f"one level, {name}")
        made(requester, "manager", "director", at=1, title=f"at the director, {name}")
        made(requester, "manager", title=f"travel of {name}", kind="travel")
        made(requester, "manager", status=Status.APPROVED, title=f"closed, {name}")
        made(requester, "", workflow_type="ApprovalWorkflow", title=f"any level, {name}")
        made(requester, "manager", self_approval=True, title=f"own allowed, {name}")
    for by in (maria, two_levels, moved):
        one = made(rita, "manager", "director", at=1, title=f"approved by {by.username}")
        decided(one, 0, by)
        lax = made(rita, "manager", "director", at=1, distinct_approvers=False, title=f"lax, {by.username}")
        decided(lax, 0, by)
    return {user.username: user for user in (maria, dirk, vera, rita, peter, two_levels, moved, limited, lent)}
