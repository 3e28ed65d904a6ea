"""Requests whose workflow is played: its recording services are called as the activities call them."""

import time

import pytest

from accounts import sending, writing
from accounts.models import Letter
from approvals import recording
from approvals.models import Step
from tests.accounts.conftest import office  # noqa: F401  (a fixture: found by its name here)
from tests.approvals.web.making import decided, request_of
from worker import contracts

DAY = 86_400.0


@pytest.fixture
def courier(monkeypatch):
    monkeypatch.setattr(sending, "LONGEST_PAUSE", 0.0)
    return sending.Courier()


@pytest.fixture(autouse=True)
def _addresses(monkeypatch):
    """Whoever a test makes can be reached, unless it says otherwise."""
    from django.contrib.auth.models import UserManager

    make = UserManager.create_user

    def create_user(self, username, email=None, password=None, **more):
        return make(self, username, f"{username}@example.org" if email is None else email, password, **more)

    monkeypatch.setattr(UserManager, "create_user", create_user)


def ref_of(request):
    return contracts.Ref(request.workflow_id, request.first_run_id)


def asked(requester, *levels, **more):
    """A request whose first level has not opened yet."""
    request = request_of(requester, *levels, **more)
    request.steps.update(state=Step.State.PENDING, opened_at=None, deadline=None)
    return request


def opens(request, index=0, at=None, lasts=DAY):
    at = time.time() if at is None else at
    recording.open_level(contracts.OpenLevel(ref_of(request), index, at, at + lasts))
    request.refresh_from_db()
    return request


def approves(user, request, index=0):
    decided(request, index, user)


def closes(request, status, reason=""):
    given = contracts.CloseRequest(ref_of(request), status, {"status": status}, time.time(), reason)
    recording.close_request(given)
    request.refresh_from_db()
    return request


def told(kind=None):
    """Who has a letter, of this kind."""
    rows = Letter.objects.filter(kind=kind) if kind else Letter.objects.all()
    return sorted(rows.values_list("user__username", flat=True))


def said(letter=None):
    """What the only letter, or this one, would say now."""
    return writing.write(letter or Letter.objects.get())
