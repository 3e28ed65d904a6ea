"""What people say on a request: comments, questions to the requester, answers; written once, each in the ledger."""

import uuid as uuids
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import conversation_notices
from approvals.conversation import why_no_question
from approvals.judging import SIGNED_IN
from approvals.models import Remark, Request
from approvals.recording import enter
from live.writes import write

K = Remark.Kind
ENTRIES = {K.COMMENT: "comment.added", K.QUESTION: "question.asked", K.ANSWER: "question.answered"}


class Refused(Exception):
    """It cannot be said like this; the text says why, and what can be done instead."""


def say(
    *, request: Request, kind: Remark.Kind, text: str, form_id: uuids.UUID, by: User, question: int | None = None
) -> Remark:
    """Write it down, and tell those whom it concerns. Possible after the close, too, but for questions.

    1. The same form sent twice is one remark.
    2. The same form with other words, from somebody who went back in their browser, is another one: nothing is lost.
    """
    with write():
        row = Request.objects.select_for_update().get(pk=request.pk)
        known = Remark.objects.filter(form_id=form_id).first()
        said = {"request_id": row.pk, "kind": kind, "text": text, "author_id": by.pk, "question_id": question}
        if known and all(getattr(known, name) == value for name, value in said.items()):
            return known
        said |= _checked(row, kind, question, by)
        remark = Remark.objects.create(
            form_id=uuids.uuid4() if known else form_id, author_name=by.get_username(), at=timezone.now(), **said
        )
        _settle(remark)
        enter(row, ENTRIES[kind], _entry(remark), actor=by.get_username(), known=SIGNED_IN)
        conversation_notices.said(row, remark)
    return remark


def _checked(row: Request, kind: Remark.Kind, question: int | None, by: User) -> dict[str, Any]:
    """What else the remark holds, or a refusal."""
    if kind == K.QUESTION:
        if why := why_no_question(row, by):
            raise Refused(why)
        return {"asked_id": row.requester_id}
    if kind == K.ANSWER:
        if row.requester_id != by.pk:
            raise Refused(_("Only who asked for it answers questions about it. You can comment."))
        if not row.remarks.filter(Q(pk=question), kind=K.QUESTION).exists():
            raise Refused(_("There is no such question on this request. You can comment."))
    return {}


def _settle(remark: Remark) -> None:
    """The first answer ends the waiting; more answers are welcome."""
    open_ = Remark.objects.filter(Q(pk=remark.question_id), answered_at=None)
    open_.update(answered_at=remark.at)


def _entry(remark: Remark) -> dict[str, Any]:
    answers = {"question": remark.question_id} if remark.question_id else {}
    return {"remark": remark.pk, "text": remark.text, **answers}
