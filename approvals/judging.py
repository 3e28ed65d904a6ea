"""Does a claim count? Compare with the attempt, authorise against the mapping, write the verdict: all in one place.

The caller holds the transaction and the lock on the request's row.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from approvals.models import Attempt, LevelHolder, Request, Status, Step
from audit.services import append
from worker.contracts import Claim, Verdict

UNSETTLED = (Attempt.State.MADE, Attempt.State.SENT, Attempt.State.UNKNOWN)
"""Clicks that may still count. Not those of which a person was told "not sent": they may have thought better of it."""
SIGNED_IN, PROGRAM = "signed_in", "program"
UNATTRIBUTED = "unattributed"
SINGLE = "ApprovalWorkflow"
A = Attempt.Verdict


@dataclass
class Case:
    """The request a claim is about, and where its workflow stands."""

    row: Request
    phase: str
    open_index: int | None
    deadline: float
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = self.steps or list(self.row.steps.select_related("decided_by"))

    def step_of(self, attempt: Attempt) -> Step | None:
        """The step that the attempt is about; where there are no levels, the only one, whoever may decide there."""
        if self.row.workflow_type == SINGLE:
            return self.steps[0] if self.steps and not attempt.level else None
        return next((step for step in self.steps if step.level == attempt.level), None)


@dataclass(frozen=True)
class Refusal:
    """Why a claim does not count: a code for programs, a sentence for people."""

    code: str
    reason: str


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
    return settle(attempt, case, _refusal(attempt, claim, case))


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


# --- the rules, in the order in which people would give them ---------------------------------------------------


def _refusal(attempt: Attempt, claim: Claim, case: Case) -> Refusal | None:
    if claim.problem:
        return Refusal("malformed", claim.problem)
    if attempt.known_by == PROGRAM and settings.STRICT_SIGNALS:
        return Refusal("no_attempt", "Only decisions made on the site count here, and this one was not.")
    if attempt.shown and attempt.shown != shown_digest(case.row):
        return Refusal("shown_differs", "What was shown is not what this request asks.")
    if attempt.verdict in (A.APPROVE, A.REJECT):
        return _level_refusal(attempt, claim, case) or _person_refusal(attempt, case)
    if attempt.verdict == A.WITHDRAW:
        return _withdraw_refusal(attempt, case)
    return _action_refusal(attempt, case)


def _level_refusal(attempt: Attempt, claim: Claim, case: Case) -> Refusal | None:
    """Is this the level that is open, and was it when the claim came?"""
    step = case.step_of(attempt)
    if step is None:
        if case.phase == "closed":
            return _closed(case.row)
        return Refusal("unknown_level", f"This request has no level {attempt.level!r}.")
    if step.state in (Step.State.APPROVED, Step.State.REJECTED):
        return Refusal("already_decided", _who_was_first(step, attempt))
    if step.state == Step.State.TIMEOUT:
        return Refusal("late", _late(step, attempt))
    if case.phase == "closed":
        return _closed(case.row)
    early = claim.open_index is None or claim.open_index < step.index
    if case.open_index != step.index or early:
        what = f"The level {attempt.level}" if attempt.level else "It"
        return Refusal("not_open", f"{what} was not open yet.")
    if attempt.made_at.timestamp() > case.deadline:
        return Refusal("late", _late(step, attempt))
    return None


def _person_refusal(attempt: Attempt, case: Case) -> Refusal | None:
    """May this person decide here? Asked at the moment of recording, whoever claims it.

    Dates count at the moment of the click (of the handling, for a program); all else as it is now: a level that was
    taken away since decides nothing any more.
    """
    row, user = case.row, attempt.user
    if not attempt.username:
        return _unattributed(attempt, row)
    if user is None or not user.is_active:
        return Refusal("unknown_approver", f"{attempt.username!r} is nobody who may decide here.")
    held = LevelHolder.objects.current(at=attempt.made_at, kind=row.kind).filter(user=user)
    step = case.step_of(attempt)
    level = step.level if step else attempt.level
    if not (held.filter(level__name=level) if level else held).exists():
        what = f"the level {level}" if level else "any level"
        return Refusal("not_holder", f"{name_of(user)} does not hold {what}.")
    if not row.self_approval and user.username == row.requester_name:
        return Refusal("own_request", f"{name_of(user)} asked for this, and nobody decides on their own request.")
    if row.distinct_approvers and any(step.decided_by_id == user.pk for step in case.steps):
        return Refusal("same_person", f"{name_of(user)} decided at another level of this request already.")
    return None


def _unattributed(attempt: Attempt, row: Request) -> Refusal | None:
    """Without a name: a rejection counts, for it cannot cause the action; so does an approval that has no levels."""
    if attempt.verdict == A.REJECT or row.workflow_type == SINGLE:
        return None
    return Refusal("unknown_approver", "An approval needs the name of who approves.")


def _withdraw_refusal(attempt: Attempt, case: Case) -> Refusal | None:
    if case.phase == "closed":
        return _closed(case.row)
    if case.phase not in ("starting", "waiting") or case.open_index is None:
        return Refusal("too_late", "It is approved already, so it cannot be withdrawn.")
    user = attempt.user
    asked = attempt.username and attempt.username == case.row.requester_name
    if not asked and not (user and user.is_active and user.is_superuser):
        return Refusal("not_requester", "Only the requester or an admin withdraws a request.")
    return None


def _action_refusal(attempt: Attempt, case: Case) -> Refusal | None:
    if case.phase == "closed":
        return _closed(case.row)
    if case.phase != "action_failed":
        return Refusal("not_failed", "No failed action waits here.")
    if not may_mend(attempt.user, case.row):
        return Refusal("not_allowed", "Only the requester, who decides in its chain, or an admin may do that.")
    return None


def may_mend(user: User | None, row: Request) -> bool:
    """Who may retry a failed action or give it up."""
    if user is None or not user.is_active:
        return False
    if user.is_superuser or user.username == row.requester_name:
        return True
    levels = list(row.steps.values_list("level", flat=True))
    held = LevelHolder.objects.current(kind=row.kind).filter(user=user)
    return (held if "" in levels else held.filter(level__name__in=levels)).exists()


def closed_refusal(attempt: Attempt, case: Case) -> Refusal:
    """Why an attempt that finds its workflow closed does not count: who was first, if somebody was."""
    step = case.step_of(attempt)
    decides = attempt.verdict in (A.APPROVE, A.REJECT)
    if step and step.decided_at and decides:
        return Refusal("already_decided", _who_was_first(step, attempt))
    if case.row.is_open:
        return Refusal("closed", "Its workflow has ended in Temporal, so nothing can be decided any more.")
    return _closed(case.row)


# --- the sentences ----------------------------------------------------------------------------------------------


def _closed(row: Request) -> Refusal:
    how = Status.WITHDRAWN if row.is_open else Status(row.status)
    return Refusal("closed", f"The request was closed already: {how.label.lower()}.")


def _who_was_first(step: Step, attempt: Attempt) -> str:
    done = "approved" if step.state == Step.State.APPROVED else "rejected"
    who = name_of(step.decided_by) if step.decided_by else step.decided_by_name or "Somebody without a name"
    where = f" as {step.level}" if step.level else ""
    if step.decided_at is None:
        return f"{who} {done}{where} already."
    ahead = (attempt.made_at - step.decided_at).total_seconds()
    when = f"{span(ahead)} before" if ahead > 0 else "and was recorded before"
    return f"{who} {done}{where} {when} {'this' if attempt.known_by == PROGRAM else 'you'}."


def _late(step: Step, attempt: Attempt) -> str:
    if step.deadline is None:
        return "The deadline had passed."
    late = (attempt.made_at - step.deadline).total_seconds()
    return f"The deadline had passed {span(late)} before." if late > 0 else "The level had timed out."


def span(seconds: float) -> str:
    """A span as people say it: 1.2 s, 5 min, 3 h."""
    if seconds < 60:
        return f"{max(seconds, 0.1):.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.0f} h"


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()


def shown_digest(row: Request) -> str:
    """What a person saw when they decided, as a digest: SHA-256 over the request's content."""
    amount = None if row.amount is None else f"{row.amount:.2f}"
    said = [row.title, amount, row.currency, row.requester_name, row.details, row.action_name, row.action_args]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


# --- writing it down --------------------------------------------------------------------------------------------


def settle(attempt: Attempt, case: Case, refusal: Refusal | None) -> Verdict:
    """Write the verdict into attempt, step, row and ledger."""
    attempt.state = Attempt.State.REFUSED if refusal else Attempt.State.APPLIED
    attempt.code, attempt.reason = (refusal.code, refusal.reason) if refusal else ("", "")
    attempt.settled_at = timezone.now()
    attempt.save()
    if not refusal and attempt.verdict in (A.APPROVE, A.REJECT):
        _move_on(attempt, case)
    if not refusal:
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


def _move_on(attempt: Attempt, case: Case) -> None:
    step = next(step for step in case.steps if step.index == case.open_index)
    approved = attempt.verdict == A.APPROVE
    step.state = Step.State.APPROVED if approved else Step.State.REJECTED
    step.decided_by, step.decided_by_name = attempt.user, attempt.username or UNATTRIBUTED
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
        },
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
    )
