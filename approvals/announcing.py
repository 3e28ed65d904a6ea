"""What programs elsewhere are told of requests by webhook, at the events at which people are told by mail."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import webhooks
from accounts.writing import link
from approvals.models import Request, Status, Step
from approvals.remarks import Remark

LEVEL_OPENED, REMINDER = "request.level_opened", "request.reminder"
CLOSED, ACTION_FAILED = "request.closed", "request.action_failed"


def connect() -> None:
    """Called when the app is ready."""
    webhooks.register(LEVEL_OPENED, _("a level of a request waits"))
    webhooks.register(REMINDER, _("a level's deadline comes near"))
    webhooks.register(CLOSED, _("a request is closed, however it ended"))
    webhooks.register(ACTION_FAILED, _("what was approved could not be done"))
    webhooks.register("request.comment", _("somebody comments on a request"))
    webhooks.register("request.question", _("somebody asks the requester"))
    webhooks.register("request.answer", _("a question is answered"))


def level_opened(row: Request, step: Step) -> None:
    tell(row, LEVEL_OPENED, f"{step.index}/opened", at=step.opened_at, **_level(step))


def reminded(row: Request, step: Step) -> None:
    tell(row, REMINDER, f"{step.index}/reminder", **_level(step))


def action_failed(row: Request, again: int) -> None:
    """``again``: how often it was tried anew, for each failure is an event of its own."""
    tell(row, ACTION_FAILED, f"action_failed/{again}")


def closed(row: Request) -> None:
    """``level``: the one at which it was rejected or timed out; ``action``: whether what was approved was done."""
    result = row.result if isinstance(row.result, dict) else {}
    action = result.get("action") if isinstance(result.get("action"), dict) else {}
    level, state = result.get("level"), (action or {}).get("state")
    tell(row, CLOSED, "closed", at=row.closed_at, status=str(row.status), level=level, action=state)


def remarked(row: Request, remark: Remark) -> None:
    """That something was said, by whom and to whom: not what."""
    asked = remark.asked.get_username() if remark.asked else None
    tell(row, f"request.{remark.kind}", f"remark/{remark.pk}", at=remark.at, by=remark.author_name, asked=asked)


def tell(row: Request, type: str, event: str, *, at: datetime | None = None, **more: Any) -> None:
    """What everybody who sees the request knows of it, never what people wrote about it (contract.md)."""
    data = {**_about(row), **more}
    webhooks.tell(type=type, event=f"{row.stream}/{event}", stream=row.stream, data=data, at=at)


def _about(row: Request) -> dict[str, Any]:
    return {
        "uuid": str(row.uuid),
        "reference": row.reference,
        "workflow_id": row.workflow_id,
        "title": row.title,
        "amount": None if row.amount is None else float(row.amount),
        "currency": row.currency,
        "kind": row.kind,
        "requester": row.requester_name,
        "status": str(row.status),
        "url": link(row.get_absolute_url()),
    }


def _level(step: Step) -> dict[str, Any]:
    deadline = step.deadline.timestamp() if step.deadline else None
    return {"status": Status.WAITING.value, "level": step.level, "deadline": deadline}
