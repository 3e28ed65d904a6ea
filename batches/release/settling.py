"""What was not approved ends the batch, and says why and by whom: found by a chore, however the request ended."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from approvals.models import Attempt, Request, Status, Step
from approvals.rows import level_titles
from batches import alarms
from batches.models import Batch, Release, State
from batches.recording import counted
from batches.release.asking import enter
from live.writes import write

EACH = 50


def settle_closed() -> int:
    """Asked each second by each worker. What was approved has been settled by its action before its request closed."""
    closed = Release.objects.filter(settled_at=None, request__closed_at__isnull=False).values_list("pk", flat=True)
    return sum(_settle(pk) for pk in list(closed[:EACH]))


def _settle(pk: int) -> bool:
    with write():
        release = Release.objects.select_for_update().get(pk=pk)
        if release.settled_at:
            return False
        request = release.request
        release.state, release.settled_at = Release.State.REFUSED, timezone.now()
        release.save()
        row = Batch.objects.select_for_update().get(pk=release.batch_id)
        decline(row, outcome=request.status, at=request.closed_at, request=request.reference, **_why(request))
        if request.status != Status.WITHDRAWN:  # who withdrew it knows
            alarms.declined(row)
    return True


def decline(
    row: Batch, *, outcome: str, by: str = "", known: str = "", at: datetime | None = None, **more: str
) -> None:
    """It ends without having begun; the caller holds the row. No item was run. ``known``: how, who is behind it."""
    row.state, row.closed_at = State.DECLINED, at or timezone.now()
    nothing = {"successful": 0, "degraded": 0, "failed": 0, "not_run": row.total, "results": None}
    about = {"outcome": str(outcome), "by": by, "known": known, **more}
    row.result = {"status": "declined", **about, "total": row.total, **nothing}
    row.save()
    counted(row, "declined")
    enter(row, "batch.declined", row.result, actor=by if known else "system", known=known or "system")


def _why(request: Request) -> dict[str, str]:
    """By whom, at which level, and what they said of it."""
    if request.status in (Status.REJECTED, Status.TIMEOUT):
        step = request.steps.filter(state__in=(Step.State.REJECTED, Step.State.TIMEOUT)).last()
        level = level_titles().get(step.level, step.level) if step else ""
        who = {"by": step.decided_by_name, "known": step.known_by} if step and step.decided_by_name else {}
        return {**who, "level": level, "reason": request.reason}
    if request.status == Status.WITHDRAWN:
        return {**_last(request, Attempt.Verdict.WITHDRAW), "reason": request.reason}
    if request.status == Status.APPROVED:
        said = _("It was approved, could not be begun, and was given up: %(why)s")
        return {**_last(request, Attempt.Verdict.GIVE_UP), "reason": said % {"why": request.action_error}}
    return {"reason": request.reason}


def _last(request: Request, verdict: str) -> dict[str, str]:
    found = request.attempts.filter(verdict=verdict, state=Attempt.State.APPLIED).last()
    return {"by": found.username, "known": found.known_by} if found else {}


def approvers_of(request: Request) -> list[str]:
    """Who has approved it, by their names as they sign in."""
    return [step.decided_by_name for step in request.steps.filter(state=Step.State.APPROVED).order_by("index")]
