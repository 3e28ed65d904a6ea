"""What people do: submit, and decide. Committed first, sent afterwards, so that nothing that was clicked is lost."""

import time
import uuid as uuids
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import judging, sending
from approvals.judging import SIGNED_IN, shown_digest
from approvals.models import Attempt, Request
from approvals.recording import PREFIX, content_of, enter
from approvals.searched import remember
from live.writes import write

__all__ = ["Receipt", "decide", "keep", "receipt_of", "shown_digest", "submit"]

PATIENCE = 2.0
"""Seconds that a page waits for its receipt before it says "being recorded"."""


# --- submitting -------------------------------------------------------------------------------------------------


def submit(
    *,
    title: str,
    amount: Decimal,
    currency: str,
    kind: str,
    details: dict[str, Any],
    action: dict[str, Any] | None,
    by: User,
    uuid: uuids.UUID | None = None,
    follows: Request | None = None,
) -> Request:
    """Keep a request, then start its workflow. With Temporal away it stays "not started yet" and starts by itself.

    ``uuid`` is the form's: the same form sent twice is one request. Another person's uuid is not taken.
    ``follows``: what it asks for again; both of them say so, and so does the ledger.
    """
    asked = {
        "title": title,
        "amount": float(amount),
        "currency": currency,
        "requester": by.get_username(),
        "kind": kind,
        "details": details,
        "action": action,
    }
    row, new = _keep(asked, amount, by, uuid or uuids.uuid4(), follows)
    if new:
        sending.start(row)
        row.refresh_from_db()
    return row


def keep(
    *,
    title: str,
    amount: Decimal,
    currency: str,
    kind: str,
    details: dict[str, Any],
    action: dict[str, Any],
    by: User,
    known: str,
) -> Request:
    """For other apps, in the transaction of what the request is about. ``sending.start`` is theirs to call afterwards:
    never in it, for Temporal may be slow; should they die before, it starts by itself.

    ``known``: how it is known who asks; where nobody has signed in, it stays a program's claim.
    """
    asked = {"title": title, "amount": float(amount), "currency": currency, "requester": by.get_username()}
    asked |= {"kind": kind, "details": details, "action": action}
    return _kept(asked, amount, by, uuids.uuid4(), None, known)[0]


def _keep(
    asked: dict[str, Any], amount: Decimal, by: User, uuid: uuids.UUID, follows: Request | None
) -> tuple[Request, bool]:
    try:
        return _kept(asked, amount, by, uuid, follows)
    except IntegrityError:  # the same form, a moment before, on another connection
        return _kept(asked, amount, by, uuid, follows)


def _kept(
    asked: dict[str, Any],
    amount: Decimal,
    by: User,
    uuid: uuids.UUID,
    follows: Request | None,
    known: str = SIGNED_IN,
) -> tuple[Request, bool]:
    with write():
        row = Request.objects.filter(uuid=uuid).first()
        if row and row.requester_id == by.pk:
            return row, False
        uuid = uuids.uuid4() if row else uuid
        action = asked["action"] or {}
        row = Request.objects.create(
            uuid=uuid,
            workflow_id=f"{PREFIX}{uuid}",
            title=asked["title"],
            amount=amount,
            currency=asked["currency"],
            kind=asked["kind"],
            requester=by,
            requester_name=by.get_username(),
            details=asked["details"],
            action_name=action.get("name", ""),
            action_args=action.get("args", {}),
            payload=asked,
            follows=follows,
            created_at=timezone.now(),
        )
        remember(row)
        before = {"follows": follows.reference, "follows_uuid": str(follows.uuid)} if follows else {}
        enter(row, "request.submitted", content_of(row) | before, actor=by.get_username(), known=known)
        if follows:
            again = {"as": row.reference, "as_uuid": str(row.uuid)}
            enter(follows, "request.submitted_again", again, actor=by.get_username(), known=SIGNED_IN)
    return row, True


# --- deciding ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receipt:
    """What is known of an attempt: "recorded", "recording" (safe to leave), "refused" or "not_sent"."""

    state: str
    reason: str
    code: str
    attempt: Attempt | None


def decide(
    *,
    request: Request,
    verdict: Attempt.Verdict,
    level: str,
    comment: str,
    decision_id: str,
    shown: str,
    by: User,
    patience: float = PATIENCE,
) -> Receipt:
    """Decide, withdraw, retry or give up: the attempt is committed, its signal sent, its receipt waited for.

    1. The same id again is the same click, and gets the same receipt; with other content it is refused.
    2. Whether it counts is the recording activity's to say; only what it can never hear of is refused here.
    """
    attempt, to_send = _attempt(request, verdict, level, comment, decision_id, shown, by)
    if attempt is None:
        return _refused_reuse(request, verdict, level, decision_id, by)
    sent = to_send and sending.send(attempt) == Attempt.State.SENT
    receipt = _wait_for(attempt, patience)
    if sent and receipt.state == "recording":
        sending.note_sent(attempt)
    return receipt


def _attempt(
    request: Request, verdict: Attempt.Verdict, level: str, comment: str, decision_id: str, shown: str, by: User
) -> tuple[Attempt | None, bool]:
    """This click's attempt row, and whether its signal is ours to send; None where the id is another decision's."""
    with write():
        request = Request.objects.select_for_update().get(pk=request.pk)
        level = "" if request.workflow_type == judging.SINGLE else level
        attempt = Attempt.objects.filter(request=request, decision_id=decision_id).first()
        if attempt is None:
            attempt = _new_attempt(request, verdict, level, comment, decision_id, shown, by)
            return attempt, attempt.settled_at is None
        if (attempt.user_id, attempt.level, attempt.verdict) != (by.pk, level, verdict):
            return None, False
        if attempt.state != Attempt.State.NOT_SENT:
            return attempt, False
        attempt.state, attempt.made_at, attempt.comment = Attempt.State.MADE, timezone.now(), comment
        attempt.save()
        return attempt, True


def _new_attempt(
    request: Request, verdict: Attempt.Verdict, level: str, comment: str, decision_id: str, shown: str, by: User
) -> Attempt:
    attempt = Attempt.objects.create(
        request=request,
        decision_id=decision_id,
        verdict=verdict,
        level=level,
        user=by,
        username=by.get_username(),
        known_by=SIGNED_IN,
        comment=comment,
        shown=shown,
        made_at=timezone.now(),
    )
    if not request.first_run_id:  # no workflow of this request's own would hear of it
        case = judging.Case(request, "starting", None, 0.0)
        refusal = judging.Refusal("not_started", _("The request is not started yet, so nothing can be decided."))
        judging.settle(attempt, case, refusal if request.is_open else judging.closed_refusal(attempt, case))
    return attempt


def _refused_reuse(request: Request, verdict: str, level: str, decision_id: str, by: User) -> Receipt:
    """Another person, level or verdict under a used id: refused, and in the ledger."""
    data = {"decision_id": decision_id, "verdict": verdict, "level": level}
    data |= {"code": judging.REUSED.code, "reason": judging.REUSED.reason}
    with write():
        enter(request, "decision.refused", data, actor=by.get_username(), known=SIGNED_IN)
    return Receipt("refused", judging.REUSED.reason, judging.REUSED.code, None)


def _wait_for(attempt: Attempt, patience: float) -> Receipt:
    """Until the recording activity has settled it, or patience runs out. Polling a row costs microseconds."""
    until, pause = time.monotonic() + patience, 0.004
    while True:
        attempt.refresh_from_db(fields=["state", "code", "reason", "settled_at"])
        receipt = receipt_of(attempt)
        if receipt.state != "recording" or time.monotonic() > until:
            return receipt
        time.sleep(pause)
        pause = min(pause * 1.15, 0.05)


def receipt_of(attempt: Attempt) -> Receipt:
    """What to tell about an attempt: never "failed" where it is only unknown."""
    states = {
        Attempt.State.APPLIED: "recorded",
        Attempt.State.REFUSED: "refused",
        Attempt.State.NOT_SENT: "not_sent",
    }
    state = states.get(Attempt.State(attempt.state), "recording")
    return Receipt(state, attempt.reason, attempt.code, attempt)
