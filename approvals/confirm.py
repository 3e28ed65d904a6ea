"""Does the workflow say what the index says? Asked through the one reader, so that more viewers cost nothing."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import looking
from approvals.models import Request, Status
from live import queries, reader

LONGEST = 10.0
"""Seconds for which an answer will do while the row does not change: a write elsewhere must not query every page."""
SETTLING = 0.8
"""Seconds after a write in which the workflow need not have heard of it: recorded is first, applied second."""


@dataclass(frozen=True)
class Confirmed:
    """``state``: "confirmed", "ahead" (one of the two follows soon), "silent" (no answer), "gone", or "" (closed)."""

    state: str
    words: str


def confirm(request: Request) -> Confirmed:
    """Ask the open request's workflow. At most one query is out per workflow; with no worker alive none is made."""
    if not request.is_open or not request.first_run_id:
        return Confirmed("", "")
    if not queries.system().worker_alive:
        return _silent(_("No worker is running, so the workflow cannot be asked."))
    since_written = (timezone.now() - request.updated_at).total_seconds()
    if since_written < SETTLING:
        return Confirmed("ahead", _("Just written down; the workflow confirms it in a moment."))
    query = "get_status" if request.workflow_type == "ApprovalWorkflow" else "get_approval_status"
    max_age = min(since_written - SETTLING / 2, LONGEST)
    # By the id alone: after an operator's reset another run goes on with the request.
    reading = reader.read(request.workflow_id, query, max_age=max_age)
    if reading.gone:
        return _gone(request)
    if not reading.fresh:
        return _silent(_("The workflow does not answer just now."))
    if _agrees(request, reading.value):
        return Confirmed("confirmed", _("Confirmed by the workflow."))
    return Confirmed("ahead", _("The workflow has moved on; this page follows in a moment."))


def _gone(request: Request) -> Confirmed:
    """Its workflow has ended and the row does not say so: put right here, and the page follows by the nudge."""
    looking.settle(request)
    if request.is_open:
        return Confirmed("gone", _("Temporal does not know its workflow just now. Shown is what was recorded last."))
    return Confirmed("ahead", _("Its workflow has ended; this page follows in a moment."))


def _silent(why: str) -> Confirmed:
    return Confirmed("silent", _("%(why)s Shown is what was recorded last.") % {"why": why})


def _agrees(request: Request, told: Any) -> bool:
    if not isinstance(told, dict):
        return False
    status = Status.WAITING if told.get("status") == "starting" else told.get("status")
    return bool(status == request.status and told.get("current_step") == request.current_step)
