"""The rules of whether a claim counts, in their order, and the sentences that say so. They read, and write nothing."""

import hashlib
import json
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User

from approvals.models import Attempt, Request, Status, Step
from approvals.rights import Right, rights_of
from worker.contracts import Claim

SIGNED_IN, PROGRAM = "signed_in", "program"
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
        self.steps = self.steps or list(self.row.steps.select_related("decided_by", "on_behalf_of"))

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


# --- the rules, in the order in which people would give them ---------------------------------------------------


def examined(attempt: Attempt, claim: Claim, case: Case) -> Refusal | Right:
    """In whose right it counts, or why it does not."""
    if claim.problem:
        return Refusal("malformed", claim.problem)
    if attempt.known_by == PROGRAM and settings.STRICT_SIGNALS:
        return Refusal("no_attempt", "Only decisions made on the site count here, and this one was not.")
    if attempt.shown and attempt.shown != shown_digest(case.row):
        return Refusal("shown_differs", "What was shown is not what this request asks.")
    if attempt.verdict in (A.APPROVE, A.REJECT):
        return _level_refusal(attempt, claim, case) or _person(attempt, case)
    if attempt.verdict == A.WITHDRAW:
        return _withdraw_refusal(attempt, case) or Right()
    return _action(attempt, case)


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


def _person(attempt: Attempt, case: Case) -> Refusal | Right:
    """May this person decide here? Asked at the moment of recording, whoever claims it.

    Dates count at the moment of the click (of the handling, for a program); all else as it is now: a level that was
    taken away since, or a delegation that was ended, decides nothing any more.
    """
    row, user = case.row, attempt.user
    if not attempt.username:
        return _unattributed(attempt, row) or Right()
    if user is None or not user.is_active:
        return Refusal("unknown_approver", f"{attempt.username!r} is nobody who may decide here.")
    step = case.step_of(attempt)
    level = step.level if step else attempt.level
    rights = rights_of(user, [level], row.kind, attempt.made_at)
    if not rights:
        what = f"the level {level}" if level else "any level"
        return Refusal("not_holder", f"{name_of(user)} does not hold {what}, nor stand in for anybody who does.")
    return _own_refusal(user, case) or _in_a_right(user, rights, case)


def _own_refusal(user: User, case: Case) -> Refusal | None:
    """What speaks against this person, in whosever right."""
    if not case.row.self_approval and user.username == case.row.requester_name:
        return Refusal("own_request", f"{name_of(user)} asked for this, and nobody decides on their own request.")
    if _has_decided(user, case):
        return Refusal("same_person", f"{name_of(user)} decided at another level of this request already.")
    return None


def _in_a_right(user: User, rights: list[Right], case: Case) -> Refusal | Right:
    """The first against which nothing speaks; else what speaks against the first."""
    found = [_holder_refusal(user, right.holder, case) or right for right in rights]
    return next((one for one in found if isinstance(one, Right)), found[0])


def _holder_refusal(user: User, holder: User | None, case: Case) -> Refusal | None:
    """What speaks against deciding for this person: not what they asked for, not twice in one request."""
    if holder is None:
        return None
    who, whom = name_of(user), name_of(holder)
    if holder.username == case.row.requester_name or holder.pk == case.row.requester_id:
        return Refusal("own_request", f"{whom} asked for this, so {who}, who stands in for them, does not decide it.")
    if _has_decided(holder, case):
        said = f"{whom}, for whom {who} stands in, decided at another level of this request already."
        return Refusal("same_person", said)
    return None


def _has_decided(user: User, case: Case) -> bool:
    """Where one person decides one level only; what somebody decided for them counts as theirs, too."""
    decided = (pk for step in case.steps for pk in (step.decided_by_id, step.on_behalf_of_id))
    return case.row.distinct_approvers and user.pk in decided


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


def _action(attempt: Attempt, case: Case) -> Refusal | Right:
    if case.phase == "closed":
        return _closed(case.row)
    if case.phase != "action_failed":
        return Refusal("not_failed", "No failed action waits here.")
    right = right_to_mend(attempt.user, case.row)
    return right or Refusal("not_allowed", "Only the requester, who decides in its chain, or an admin may do that.")


def right_to_mend(user: User | None, row: Request) -> Right | None:
    """Who may retry a failed action or give it up; a stand-in may not for whom asked for it."""
    if user is None or not user.is_active:
        return None
    if user.is_superuser or user.username == row.requester_name:
        return Right()
    rights = rights_of(user, list(row.steps.values_list("level", flat=True)), row.kind)
    return next((one for one in rights if one.holder is None or one.holder.pk != row.requester_id), None)


def may_mend(user: User | None, row: Request) -> bool:
    return right_to_mend(user, row) is not None


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
    if whom := name_of(step.on_behalf_of) if step.on_behalf_of else step.on_behalf_of_name:
        who = f"{who}, for {whom},"
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
