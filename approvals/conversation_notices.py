"""Who is told by mail of a comment, a question or an answer, and what the mail says."""

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from accounts.models import Kind, Letter
from accounts.outbox import put
from accounts.writing import Message, compose, register
from approvals import announcing
from approvals.access import visible_to
from approvals.conversation import excerpt
from approvals.deciders import deciders
from approvals.models import Remark, Request, Step
from approvals.notices import facts
from approvals.rows import person_name

K = Remark.Kind


def connect() -> None:
    """Called when the app is ready."""
    for kind in (Kind.COMMENT, Kind.QUESTION, Kind.ANSWER):
        register(kind, write_remark)


def said(row: Request, remark: Remark) -> None:
    """In the transaction that writes it."""
    put(
        kind=remark.kind,
        event=f"{row.stream}/remark/{remark.pk}",
        stream=row.stream,
        data={"request": row.pk, "remark": remark.pk},
        people=_concerned(row, remark),
    )
    announcing.remarked(row, remark)


def _concerned(row: Request, remark: Remark) -> QuerySet[User]:
    """A question concerns who is asked, an answer who asked and who can decide now, a comment all who took part."""
    people = {K.QUESTION: _asked, K.ANSWER: _waiting, K.COMMENT: _taking_part}[K(remark.kind)](row, remark)
    found = User.objects.filter(people, ~Q(pk=remark.author_id), is_active=True)
    return found.select_related("preferences").order_by("pk")


def _asked(_row: Request, remark: Remark) -> Q:
    return Q(pk=remark.asked_id)


def _waiting(row: Request, remark: Remark) -> Q:
    asker = Q(pk=remark.question.author_id) if remark.question else Q(pk__in=[])
    step = row.steps.filter(state=Step.State.OPEN).first()
    return asker | Q(pk__in=deciders(row, step).order_by().values("pk")) if step else asker


def _taking_part(row: Request, _remark: Remark) -> Q:
    wrote = row.remarks.filter(author__isnull=False).order_by().values("author_id")
    decided = row.steps.filter(decided_by__isnull=False).order_by().values("decided_by_id")
    return Q(pk=row.requester_id) | Q(pk__in=wrote) | Q(pk__in=decided)


def write_remark(letter: Letter) -> Message | None:
    """Nothing any more for who may not see the request now, and of a question that has been answered."""
    rows = Remark.objects.select_related("request", "request__requester", "author", "question", "question__author")
    remark = rows.filter(pk=letter.data["remark"]).first()
    if remark is None or remark.answered_at or not _concerns(letter, remark):
        return None
    about = facts(remark.request, letter)
    about |= {"url": f"{about['url']}#remark-{remark.pk}", "remark": remark, "author": person_name(remark.author)}
    if remark.question:
        about |= {"question": excerpt(remark.question.text), "asker": person_name(remark.question.author)}
    return compose("remark", {**about, "yours": bool(remark.question and remark.question.author_id == letter.user_id)})


def _concerns(letter: Letter, remark: Remark) -> bool:
    sees = visible_to(letter.user).filter(pk=remark.request_id)
    concerned = _concerned(remark.request, remark).filter(Q(pk=letter.user_id))
    return sees.exists() and concerned.exists()
