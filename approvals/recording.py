"""What workflows have written down: one transaction for row, steps and ledger; each function may be called again."""

import uuid
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from approvals import actions, judging, notices, policies
from approvals.models import Attempt, Request, Status, Step
from approvals.searched import remember
from approvals.steps import close_steps
from audit.queries import of_stream
from audit.services import append
from live.writes import write
from worker import contracts, reading
from worker.contracts import LevelSpec, Opened, Recorded, Ref

NAMESPACE = uuid.UUID("6f2b7f0e-6a0e-5f5e-9d0a-1e2f3a4b5c6d")
PREFIX = "approval-"
CLICKS = 20
"""As many as one answer carries, each with a long comment; the workflow asks again until there are none."""


def moment(seconds: float) -> datetime:
    """Epoch seconds as an aware time."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def row_of(ref: Ref) -> Request:
    """The row of this run, locked until the transaction ends."""
    rows = Request.objects.select_for_update()
    return rows.get(workflow_id=ref.workflow_id, first_run_id=ref.first_run_id)


def enter(row: Request, kind: str, data: dict[str, Any], *, actor: str = "workflow", known: str = "system") -> None:
    """An entry in this request's stream of the ledger."""
    append(
        stream=row.stream,
        kind=kind,
        actor=actor,
        known=known,
        data=data,
        workflow_id=row.workflow_id,
        run_id=row.first_run_id,
    )


# --- the beginning ----------------------------------------------------------------------------------------------


def open_request(given: contracts.OpenRequest) -> Opened:
    """Give the request its row, uuid and chain, whoever started it; or say why it is not valid."""
    with write():
        row = _find_or_make(given)
        if row.steps.exists():  # recorded already: the worker died before it could say so
            return Opened(str(row.uuid), [], [LevelSpec(step.level, step.timeout_seconds) for step in row.steps.all()])
        resolved = policies.resolve(given.request, row.amount, single=given.single)
        errors = given.errors + (resolved.errors if not given.errors else []) + _action_errors(given)
        if errors:
            return Opened(str(row.uuid), errors, [])
        _start(row, given, resolved)
    return Opened(str(row.uuid), [], resolved.chain)


def _action_errors(given: contracts.OpenRequest) -> list[str]:
    action = given.request.action
    return actions.check(action["name"], action["args"])[1] if action and not given.errors else []


def _start(row: Request, given: contracts.OpenRequest, resolved: policies.Resolved) -> None:
    assert resolved.policy is not None
    row.policy_title, row.policy_version = resolved.policy.title, resolved.policy.version
    row.self_approval = resolved.policy.self_approval and not given.single
    row.distinct_approvers = resolved.policy.distinct_approvers
    row.started_at = moment(given.started_at)
    row.status = Status.WAITING
    row.save()
    Step.objects.bulk_create(
        Step(request=row, index=index, level=spec.level, timeout_seconds=spec.timeout_seconds, amount=row.amount)
        for index, spec in enumerate(resolved.chain)
    )
    chain = [{"level": spec.level, "timeout_seconds": spec.timeout_seconds} for spec in resolved.chain]
    content = content_of(row) if row.by_program else {}
    policy = {"policy": row.policy_title, "policy_version": row.policy_version}
    enter(row, "request.opened", {"chain": chain, **policy, **content, "warnings": given.warnings})


def content_of(row: Request) -> dict[str, Any]:
    """What is asked, as the ledger keeps it."""
    return {
        "title": row.title,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "kind": row.kind,
        "requester": row.requester_name,
        "details": row.details,
        "action": {"name": row.action_name, "args": row.action_args} if row.action_name else None,
    }


def _find_or_make(given: contracts.OpenRequest) -> Request:
    ref = given.ref
    rows = Request.objects.select_for_update().filter(workflow_id=ref.workflow_id)
    row = rows.filter(first_run_id=ref.first_run_id).first()
    row = row or rows.filter(first_run_id="", closed_at__isnull=True).first()
    if row and row.payload and row.started_at is None and not _says_the_same(row, given.request):
        _give_up(row)
        row = None
    if row is None:
        return make(given)
    if not row.first_run_id:
        row.first_run_id = ref.first_run_id
        row.save(update_fields=["first_run_id", "updated_at"])
    return row


def _give_up(row: Request) -> None:
    """A stranger's workflow has the id of what was submitted here: nobody decides on the one and runs the other."""
    row.first_run_id, row.status = "", Status.INVALID
    row.reason = "Another workflow runs under the id of this request. Please submit it again."
    row.closed_at = row.started_at = timezone.now()
    row.save()
    notices.closed(row)
    enter(row, "request.closed", {"status": row.status, "reason": row.reason})


def _says_the_same(row: Request, request: contracts.ApprovalRequest) -> bool:
    """Whether the workflow carries what the site wrote down: a stranger's workflow under its id is not that request."""
    return contracts.parse_request(row.payload).request == request


def make(given: contracts.OpenRequest) -> Request:
    """A row for what the workflow was given."""
    request, ref = given.request, given.ref
    action = request.action or {}
    row = Request.objects.create(
        uuid=uuid_of(ref),
        workflow_id=ref.workflow_id,
        first_run_id=ref.first_run_id,
        workflow_type=ref.workflow_type,
        title=request.title or "(no title)",
        amount=money(request.amount),
        currency=request.currency,
        kind=request.kind,
        requester=User.objects.filter(username=request.requester, is_active=True).first(),
        requester_name=request.requester,
        by_program=True,
        details=request.details,
        action_name=action.get("name", ""),
        action_args=action.get("args", {}),
        created_at=moment(given.started_at),
    )
    remember(row)
    return row


def money(amount: float | None) -> Decimal | None:
    """A float of the wire in whole cents: 0.1 + 0.2 is 0.30."""
    return None if amount is None else Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def uuid_of(ref: Ref) -> uuid.UUID:
    """That of ``approval-<uuid>`` where it is free, else one made of workflow id and run id."""
    try:
        wanted = uuid.UUID(ref.workflow_id.removeprefix(PREFIX)) if ref.workflow_id.startswith(PREFIX) else None
    except ValueError:
        wanted = None
    if wanted and not Request.objects.filter(uuid=wanted).exists():
        return wanted
    return uuid.uuid5(NAMESPACE, f"{ref.workflow_id}/{ref.first_run_id}")


# --- levels -----------------------------------------------------------------------------------------------------


def open_level(given: contracts.OpenLevel) -> None:
    """This level waits from now on."""
    with write():
        row = row_of(given.ref)
        step = row.steps.get(index=given.index)
        if step.state != Step.State.PENDING:
            return
        step.state = Step.State.OPEN
        step.opened_at, step.deadline = moment(given.opened_at), moment(given.deadline)
        notices.level_opened(row, step)
        step.save()
        row.status, row.current_step, row.current_level = Status.WAITING, given.index, step.level
        row.deadline = step.deadline
        row.save()
        enter(row, "level.opened", {"level": step.level, "index": step.index, "deadline": given.deadline})


def expire_level(given: contracts.ExpireLevel) -> contracts.Expired:
    """Time a level out, unless somebody clicked before the deadline and their signal has not been heard yet."""
    with write():
        row = row_of(given.ref)
        step = row.steps.get(index=given.index)
        if claims := _clicks_in_time(row, step, given.deadline):
            return contracts.Expired(False, claims)
        if step.state == Step.State.OPEN:
            step.state = Step.State.TIMEOUT
            step.save()
            enter(row, "level.timeout", {"level": step.level, "index": step.index, "deadline": given.deadline})
    return contracts.Expired(True)


def _clicks_in_time(row: Request, step: Step, deadline: float) -> list[contracts.Claim]:
    clicks = row.attempts.filter(
        state__in=judging.UNSETTLED,
        verdict__in=[Attempt.Verdict.APPROVE, Attempt.Verdict.REJECT],
        level="" if row.workflow_type == judging.SINGLE else step.level,
        made_at__lte=moment(deadline),
    )[:CLICKS]
    return [
        contracts.Claim(
            verdict=click.verdict,
            decision_id=click.decision_id,
            level=click.level,
            approver=click.username,
            comment=click.comment,
            shown=click.shown,
            handled_at=click.made_at.timestamp(),
            open_index=step.index,
        )
        for click in clicks
    ]


def record_claims(given: contracts.RecordClaims) -> Recorded:
    """Judge each claim in its order, and write down what came of it."""
    with write():
        case = judging.Case(row_of(given.ref), given.phase, given.open_index, given.deadline)
        return Recorded([judging.judge(claim, case) for claim in given.claims])


# --- the action, and the end ------------------------------------------------------------------------------------


def run_action(given: contracts.RunAction) -> Any:
    """Call the approved action outside any transaction of ours: it may take half an hour."""
    row = Request.objects.get(workflow_id=given.ref.workflow_id, first_run_id=given.ref.first_run_id)
    result = actions.run(name=given.name, args=given.args, key=given.key, request=row)
    return kept(result)


def kept(result: Any) -> Any:
    """The result as it can be kept. The action has run: what cannot be kept is no reason to run it again."""
    if reading.size_of(result) <= reading.MAX_OBJECT:
        try:
            return reading.clean_json(result)
        except ValueError:
            pass
    return {"not_kept": "The result is not JSON, or too large to be kept."}


def action_ended(given: contracts.ActionEnded) -> None:
    """The action ran; or it failed for good, and the request stays open until somebody retries or gives up."""
    with write():
        row = row_of(given.ref)
        if not row.is_open or (row.status == Status.ACTION_FAILED and not given.ok) or _done(row):
            return
        data = {"action": row.action_name, "error": given.error, "result": given.result}
        enter(row, "action.done" if given.ok else "action.failed", data)
        row.action_error = given.error
        if not given.ok:
            row.status = Status.ACTION_FAILED
            notices.action_failed(row)
        row.save()


def _done(row: Request) -> bool:
    """Whether the action's end is in the ledger: it runs well once."""
    return any(entry.kind == "action.done" for entry in of_stream(row.stream))


def close_request(given: contracts.CloseRequest) -> None:
    """The end: what the workflow returns, kept for when Temporal has forgotten it."""
    with write():
        row = row_of(given.ref)
        if not row.is_open:
            return
        row.status, row.result, row.reason = given.status, given.result, given.reason
        row.closed_at = moment(given.at)
        row.started_at = row.started_at or row.created_at
        row.current_level, row.deadline = "", None
        row.save()
        close_steps(row)
        notices.closed(row)
        content = content_of(row) if given.status == Status.INVALID and row.by_program else {}
        enter(row, "request.closed", {"status": given.status, "reason": given.reason, **content})
