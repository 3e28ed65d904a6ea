"""Requests in every state, as their workflows would have left them in the index; and pages as one text."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.models import OPEN, Request, Status, Step


def request_of(requester, *levels, at=0, status=Status.WAITING, due_in=3.0, **more):
    """A request at its ``at``-th level; the ones before are approved, by nobody in particular."""
    now, uuid = timezone.now(), uuid4()
    waits = status == Status.WAITING
    values = {
        "uuid": uuid, "workflow_id": f"approval-{uuid}", "first_run_id": "run", "title": "Forklift",
        "amount": Decimal("250000"), "requester": requester,
        "requester_name": requester.username if requester else "a program",
        "status": status, "current_step": at, "created_at": now, "started_at": now,
        "current_level": levels[at] if waits else "",
        "deadline": now + timedelta(hours=due_in) if waits else None,
        "closed_at": None if status in OPEN else now,
    }  # fmt: skip
    request = Request.objects.create(**{**values, **more})
    for index, level in enumerate(levels):
        state = Step.State.APPROVED if index < at else Step.State.OPEN if index == at and waits else Step.State.PENDING
        Step.objects.create(
            request=request, index=index, level=level, timeout_seconds=86_400, state=state,
            opened_at=now - timedelta(hours=1) if index <= at else None,
            deadline=request.deadline if state == Step.State.OPEN else None,
            decided_at=now - timedelta(minutes=5) if state == Step.State.APPROVED else None,
        )  # fmt: skip
    return request


def decided(request, index, user, state=Step.State.APPROVED):
    request.steps.filter(index=index).update(
        state=state, decided_by=user, decided_by_name=user.username, decided_at=timezone.now(), known_by="signed_in"
    )


def text(response):
    """What a person reads: tags out, entities decoded, white space made one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def queries_of(call):
    with CaptureQueriesContext(connection) as seen:
        call()
    return len(seen)
