"""A confirmer of each test's own, and the questions that go out to Temporal, counted at its one door."""

import time

import pytest

from approvals import confirmer, queries
from approvals.asking import Asked
from approvals.sharing import audience_of
from live import reader
from tests.approvals.core.conftest import via, waiting  # noqa: F401  (fixtures: found by their names here)
from tests.approvals.reconcile.conftest import alive, ends_outside, kinds, settled  # noqa: F401
from tests.temporal import until
from worker import client


@pytest.fixture(autouse=True)
def confirms(settings, monkeypatch):
    """Switched on, as in the product; nothing of it is left for the next test."""
    settings.CONFIRM_A_SECOND = 20
    reader.clear()
    confirmer.renew()
    yield
    until(confirmer.confirmer().idle, what="the confirmer has nothing more to do")
    confirmer.renew()


@pytest.fixture
def asked(monkeypatch):
    """When each query went out, and to whom."""
    calls: list[tuple[float, str]] = []
    query = client.query

    def counted(workflow_id, *args, **more):
        calls.append((time.monotonic(), workflow_id))
        return query(workflow_id, *args, **more)

    monkeypatch.setattr(client, "query", counted)
    return calls


def inbox(user, view="waiting", **asked):
    """As the stream reads it for this person."""
    return queries.inbox(audience_of(user, view), Asked(view, **asked))


def state(user, view="waiting"):
    return inbox(user, view).confirmation.state


def comes_to(user, wanted, view="waiting"):
    """Look at it, as its viewers do, until it says this."""
    until(lambda: state(user, view) == wanted, what=f"the inbox is {wanted}")
    return inbox(user, view)
