"""What the tests of submitting and deciding share."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from approvals import services
from approvals.judging import shown_digest
from approvals.models import Request
from tests.temporal import until
from worker import client as door

NOBODY = "127.0.0.1:9"
"""An address that refuses every connection."""


def submit(by: User, amount: int = 5, **more: Any) -> Request:
    usual = {"title": "Laptops", "currency": "EUR", "kind": "default", "details": {}, "action": None}
    return services.submit(**{**usual, **more}, amount=amount, by=by)


def click(
    request: Request, by: User, verdict: str = "approve", level: str = "manager", **more: Any
) -> services.Receipt:
    """As from a form that was drawn just now."""
    usual = {"comment": "", "decision_id": str(uuid.uuid4()), "shown": shown_digest(request)}
    return services.decide(request=request, verdict=verdict, level=level, by=by, **{**usual, **more})


def opened(request: Request, step: int = 0) -> Request:
    """Until this step of it waits for somebody."""

    def there() -> bool:
        request.refresh_from_db()
        return request.current_step == step and request.deadline is not None

    until(there, what="the level is open")
    return request


@pytest.fixture
def waiting(house, rita) -> Callable[..., Request]:
    """A submitted request whose first level is open."""

    def make(amount: int = 5, **more: Any) -> Request:
        request = submit(rita, amount, **more)
        house.started.append(house.client.get_workflow_handle(request.workflow_id))
        return opened(request)

    return make


@pytest.fixture
def via(monkeypatch) -> Callable[[str], None]:
    """Send the product's calls to another address; the worker and the test stay where they are."""

    def go(address: str) -> None:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        door.forget()

    yield go
    monkeypatch.undo()
    door.forget()
