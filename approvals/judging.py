"""Does a claim count? Compare with the attempt, ask the rules, write the verdict: all in one place.

The caller holds the transaction and the lock on the request's row.
"""

import hashlib
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.utils import timezone

from approvals.models import Attempt, Request, Status, Step
from approvals.rights import Right
from approvals.rules import PROGRAM, SIGNED_IN, SINGLE, A, Case, Refusal, closed_refusal, examined, shown_digest
from audit.services import append
from worker.contracts import Claim, Verdict

__all__ = [
    "REUSED",
    "SIGNED_IN",
    "SINGLE",
    "UNSETTLED",
    "Case",
    "Refusal",
    "closed_refusal",
    "judge",
    "settle",
    "shown_digest",
]

UNSETTLED = (Attempt.State.MADE, Attempt.State.SENT, Attempt.State.UNKNOWN)
"""Clicks that may still count. Not those of which a person was told "not sent": they may have thought better of it."""
UNATTRIBUTED = "unattributed"


REUSED = Refusal(
    "id_reused",
    "This decision id was used already, by another person, for another level or for another verdict.",
)


def judge(claim: Claim, case: Case) -> Verdict:
    """The verdict on one claim, recorded. The same id again gets the same verdict; with other content it is refused."""
    attempt = case.row.attempts.filter(decision_id=claim.decision_id).first()
    if attempt and not _same(attempt, claim):
        return _refuse_reuse(claim, case)
    if attempt and attempt.settled_at:
        return _verdict(attempt)
    attempt = attempt or _claimed_by_a_program(claim, case.row, claim.decision_id)
    return settle(attempt, case, examined(attempt, claim, case))


def _refuse_reuse(claim: Claim, case: Case) -> Verdict:
    """The attempt of that id stays as it is; the claim that borrowed the id is kept beside it under one of its own."""
    content = f"{claim.approver}/{claim.level}/{claim.verdict}"
    own_id = f"{claim.decision_id[:150]}#{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    kept = case.row.attempts.filter(decision_id=own_id).first()
    if kept is None:
        kept = _claimed_by_a_program(claim, case.row, own_id)
        settle(kept, case, REUSED)
    return _verdict(kept)


def _same(attempt: Attempt, claim: Claim) -> bool:
    return (attempt.username, attempt.level, attempt.verdict) == (claim.approver, claim.level, claim.verdict)


def _claimed_by_a_program(claim: Claim, row: Request, decision_id: str) -> Attempt:
    """No attempt row stands behind it: nobody was seen to be signed in, and when they decided is not known."""
    return Attempt(
        request=row,
        decision_id=decision_id,
        verdict=claim.verdict,
        level=claim.level,
        user=User.objects.filter(username=claim.approver).first() if claim.approver else None,
        username=claim.approver,
        known_by=PROGRAM,
        comment=claim.comment,
        shown=claim.shown,
        made_at=datetime.fromtimestamp(claim.handled_at, tz=UTC),
    )


# --- writing it down --------------------------------------------------------------------------------------------


def settle(attempt: Attempt, case: Case, found: Refusal | Right) -> Verdict:
    """Write what was found into attempt, step, row and ledger."""
    refused = isinstance(found, Refusal)
    attempt.state = Attempt.State.REFUSED if refused else Attempt.State.APPLIED
    attempt.code, attempt.reason = (found.code, found.reason) if isinstance(found, Refusal) else ("", "")
    holder = found.holder if isinstance(found, Right) else None
    attempt.on_behalf_of_name = holder.get_username() if holder else ""
    attempt.settled_at = timezone.now()
    attempt.save()
    if not refused and attempt.verdict in (A.APPROVE, A.REJECT):
        _move_on(attempt, case, holder)
    if not refused:
        _what_follows(attempt, case)
    _enter(attempt, case.row)
    return _verdict(attempt)


def _what_follows(attempt: Attempt, case: Case) -> None:
    """The next claims of the same batch are judged by what this one changed."""
    case.open_index = None
    if attempt.verdict == A.WITHDRAW:
        case.phase = "closed"
    elif attempt.verdict in (A.RETRY, A.GIVE_UP):
        case.phase = "action_running"
    if attempt.verdict == A.RETRY:
        case.row.status = Status.ACTION_RUNNING
        case.row.save(update_fields=["status", "updated_at"])


def _move_on(attempt: Attempt, case: Case, holder: User | None) -> None:
    step = next(step for step in case.steps if step.index == case.open_index)
    approved = attempt.verdict == A.APPROVE
    step.state = Step.State.APPROVED if approved else Step.State.REJECTED
    step.decided_by, step.decided_by_name = attempt.user, attempt.username or UNATTRIBUTED
    step.on_behalf_of, step.on_behalf_of_name = holder, attempt.on_behalf_of_name
    step.decided_at, step.known_by, step.comment = attempt.made_at, attempt.known_by, attempt.comment
    step.save()
    row = case.row
    following = next((each for each in case.steps if each.index == step.index + 1), None)
    row.current_step = step.index + 1 if approved else step.index
    row.current_level, row.deadline = following.level if following and approved else "", None
    if approved and following is None and row.action_name:
        row.status = Status.ACTION_RUNNING
    row.save(update_fields=["current_step", "current_level", "deadline", "status", "updated_at"])


def _enter(attempt: Attempt, row: Request) -> None:
    append(
        stream=row.stream,
        kind="decision.applied" if attempt.state == Attempt.State.APPLIED else "decision.refused",
        actor=attempt.username or UNATTRIBUTED,
        known=attempt.known_by,
        workflow_id=row.workflow_id,
        run_id=row.first_run_id,
        data={
            "decision_id": attempt.decision_id,
            "verdict": attempt.verdict,
            "level": attempt.level,
            "comment": attempt.comment,
            "made_at": attempt.made_at.timestamp() if attempt.known_by == SIGNED_IN else None,
            "shown": attempt.shown,
            "code": attempt.code,
            "reason": attempt.reason,
        }
        | ({"on_behalf_of": attempt.on_behalf_of_name} if attempt.on_behalf_of_name else {}),
    )


def _verdict(attempt: Attempt) -> Verdict:
    return Verdict(
        decision_id=attempt.decision_id,
        applied=attempt.state == Attempt.State.APPLIED,
        verdict=attempt.verdict,
        level=attempt.level,
        code=attempt.code,
        reason=attempt.reason,
        by=attempt.username or UNATTRIBUTED,
        at=attempt.made_at.timestamp(),
        known=attempt.known_by,
        comment=attempt.comment,
        on_behalf_of=attempt.on_behalf_of_name,
    )
