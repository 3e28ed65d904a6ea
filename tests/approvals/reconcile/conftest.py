"""A request that waits, a run of the reconciler, and Temporal's own hands."""

import pytest
from django.utils import timezone

from approvals import reconcile
from approvals.models import Request
from audit.queries import of_stream
from live import reader
from live.models import Pulse
from tests.approvals.core.conftest import waiting  # noqa: F401  (a fixture: found by its name here)
from tests.temporal import until


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Nothing that another test has asked, and no second in which a row is let be."""
    reader.clear()
    monkeypatch.setattr("approvals.looking.SURE", 0.1)


@pytest.fixture
def alive(transactional_db):
    """A worker's pulse: pages ask workflows only when there is one."""
    now = timezone.now() + timezone.timedelta(hours=1)  # it does not beat again
    Pulse.objects.create(worker="a", host="a", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)


def kinds(row: Request) -> list[str]:
    return [entry.kind for entry in of_stream(row.stream)]


def settled(row: Request) -> Request:
    """Until the row is older than the moment in which it is let be."""
    until(lambda: (timezone.now() - row.updated_at).total_seconds() > 1.1)
    row.refresh_from_db()
    return row


def ends_outside(house, row: Request, reason: str = "by mistake") -> None:
    """Terminate its workflow in Temporal, and wait until Temporal's list knows it too."""
    handle = house.client.get_workflow_handle(row.workflow_id)
    house.run(handle.terminate(reason=reason))


def run(**more) -> reconcile.Report:
    return reconcile.run(**more)
