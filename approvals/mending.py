"""Rows put right after Temporal: each repair one transaction with its ledger entry, harmless when repeated."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from approvals import judging, notices, policies
from approvals.drift import Missing
from approvals.follow import Target
from approvals.models import OPEN, Attempt, Request, Status, Step
from approvals.recording import content_of, enter, make, moment
from approvals.steps import close_steps
from audit.queries import of_stream
from live.writes import write
from worker import contracts, reading
from worker.client import Described, Ending

FORGOTTEN = "Temporal does not know its workflow any more: somebody deleted it there."
_ENDED = {
    "TERMINATED": "Its workflow was terminated in Temporal",
    "FAILED": "Its workflow failed in Temporal",
    "TIMED_OUT": "Its workflow ran out of the time that it was given in Temporal",
    "CANCELED": "Its workflow was cancelled in Temporal, before it could say so",
}


def in_words(ending: Ending) -> str:
    """Why a request has ended outside, as one sentence."""
    what = _ENDED.get(ending.status, f"Its workflow has ended in Temporal ({ending.status.lower()})")
    said = reading.printable(ending.reason)[:2_000].strip()
    return f"{what}: {said}" if said else f"{what}."


def end_outside(row: Request, *, reason: str, how: str, at: datetime | None = None, by: str = "") -> bool:
    """Close a request whose workflow has ended without saying so. What was clicked and not settled is refused first."""
    with write():
        row = Request.objects.select_for_update().get(pk=row.pk)
        Missing.objects.filter(request=row).delete()
        if not row.is_open:
            return False
        refuse_unsettled(row)
        row.status, row.reason = Status.TERMINATED, reason
        row.closed_at = at or timezone.now()
        row.started_at = row.started_at or row.created_at
        row.current_level, row.deadline = "", None
        row.save()
        close_steps(row)
        notices.closed(row)
        data = {"status": row.status, "how": how, "reason": reason, "ended_by": by}
        enter(row, "request.ended_outside", data, actor="reconciler")
    return True


def refuse_unsettled(row: Request) -> None:
    """Nobody else will answer: the workflow that was to hear of them has ended."""
    for attempt in row.attempts.filter(state__in=judging.UNSETTLED):
        case = judging.Case(row, "closed", None, 0.0)
        judging.settle(attempt, case, judging.closed_refusal(attempt, case))


def follow(
    row: Request, target: Target, *, result: dict[str, Any] | None = None, closed_at: datetime | None = None
) -> list[str]:
    """Make row and steps say what the workflow says; what was changed. Nothing, if the row has changed meanwhile."""
    with write():
        fresh = Request.objects.select_for_update().get(pk=row.pk)
        steps = list(fresh.steps.all())
        changed = target.differs(fresh, steps)
        if not changed or fresh.updated_at != row.updated_at:
            return []
        was = {name: str(getattr(fresh, name)) for name in changed if name in target.row}
        _set_row(fresh, target, result, closed_at)
        _set_steps(fresh, steps, target)
        fresh.steps.update(closed_at=fresh.closed_at)
        _enter_mended(fresh, changed, was, target)
        if not fresh.is_open:
            refuse_unsettled(fresh)
            notices.closed(fresh)
    return changed


def _set_row(row: Request, target: Target, result: dict[str, Any] | None, closed_at: datetime | None) -> None:
    for name, value in target.row.items():
        setattr(row, name, value)
    row.started_at = row.started_at or row.created_at
    if row.status in OPEN:
        row.closed_at, row.result, row.reason = None, None, ""
    else:
        row.closed_at = closed_at or row.closed_at or timezone.now()
        row.result, row.reason = result, _reason(row.status, result)
    row.save()


def _reason(status: str, result: dict[str, Any] | None) -> str:
    """As the workflow gives it when it closes by itself."""
    usual = {Status.TIMEOUT: "Nobody decided in time.", Status.CANCELLED: "Cancelled from outside."}
    if status in usual:
        return usual[Status(status)]
    errors, reason = (result or {}).get("errors"), (result or {}).get("reason")
    return " ".join(map(str, errors)) if isinstance(errors, list) else str(reason or "")


def _set_steps(row: Request, steps: Sequence[Step], target: Target) -> None:
    known = {step.index: step for step in steps}
    for index, wanted in enumerate(target.steps):
        step = known.get(index) or Step(request=row, index=index, timeout_seconds=contracts.DAY)
        if step.pk and step.state == wanted["state"] and step.level == wanted["level"]:
            continue
        for name, value in wanted.items():
            setattr(step, name, value)
        step.decided_by, step.on_behalf_of = _user(step.decided_by_name), _user(step.on_behalf_of_name)
        if not step.decided_at and (attempt := _that_applied(row, step)):
            step.decided_at = attempt.made_at
        step.save()
        _tell_that_it_waits(row, step)


def _tell_that_it_waits(row: Request, step: Step) -> None:
    """Whoever can decide, if nobody has told them yet: the event has the name that it always has."""
    if step.state == Step.State.OPEN and step.opened_at and step.deadline and timezone.now() < step.deadline:
        notices.level_opened(row, step)
        step.save(update_fields=["remind_at"])


def _user(username: str) -> User | None:
    return User.objects.filter(username=username).first() if username else None


def _that_applied(row: Request, step: Step) -> Attempt | None:
    level = "" if row.workflow_type == judging.SINGLE else step.level
    verdicts = [Attempt.Verdict.APPROVE, Attempt.Verdict.REJECT]
    return row.attempts.filter(state=Attempt.State.APPLIED, level=level, verdict__in=verdicts).last()


def _enter_mended(row: Request, changed: list[str], was: dict[str, str], target: Target) -> None:
    steps = [{"level": step["level"], "state": step["state"], "by": step["decided_by_name"]} for step in target.steps]
    data = {"reason": ", ".join(name.replace("_", " ") for name in changed), "was": was, "steps": steps}
    enter(row, "request.mended", {"status": row.status, **data}, actor="reconciler")
    if not row.is_open and not any(entry.kind == "request.closed" for entry in of_stream(row.stream)):
        enter(row, "request.closed", {"status": row.status, "reason": row.reason})


def recreate(found: Described, given: Sequence[Any], target: Target) -> Request:
    """Write down again a request that runs in Temporal and has no row: by its argument and by what it says."""
    single = found.workflow_type == judging.SINGLE
    argument = given[0] if given else None
    parsed = contracts.parse_request(argument, given[1] if len(given) > 1 and not single else None)
    ref = contracts.Ref(found.workflow_id, found.first_run_id, found.run_id, found.workflow_type)
    opening = contracts.OpenRequest(ref, parsed.request, started_at=found.started_at, single=single)
    with write():
        row = Request.objects.filter(workflow_id=ref.workflow_id, first_run_id=ref.first_run_id).first()
        if row:  # another reconciler was first
            return row
        row = make(opening)
        _as_it_was_opened(row, argument)
        row.started_at = moment(found.started_at)
        _set_row(row, target, None, None)
        _set_steps(row, [], target)
        _set_timeouts(row)
        enter(row, "request.recreated", {**content_of(row), "status": row.status}, actor="reconciler")
    return row


def _as_it_was_opened(row: Request, argument: Any) -> None:
    """What only the ledger still knows. Without it: the strict rules, and what the policy is now."""
    entries = {entry.kind: entry.data for entry in of_stream(row.stream)}
    opened = entries.get("request.opened", {})
    row.policy_title, row.policy_version = opened.get("policy", ""), opened.get("policy_version", 0)
    if "request.submitted" in entries:
        row.by_program, row.payload = False, argument
    try:
        policy = policies.policy_of(row.kind)
    except policies.UnknownKind:
        return
    if policy.version == row.policy_version and row.workflow_type != judging.SINGLE:
        row.self_approval, row.distinct_approvers = policy.self_approval, policy.distinct_approvers


def _set_timeouts(row: Request) -> None:
    """A level's time, where its opening tells it."""
    for step in row.steps.all():
        if step.opened_at and step.deadline:
            step.timeout_seconds = (step.deadline - step.opened_at).total_seconds()
            step.save(update_fields=["timeout_seconds"])
