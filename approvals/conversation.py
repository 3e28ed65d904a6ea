"""What is said about a request, for its page: the conversation, the questions that wait, and for whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from approvals.models import Remark, Request
from approvals.rows import person_name, who_asked

PAGE = 50
EXCERPT, ABOUT, BRIEF = 160, 80, 30
"""Characters of a question that are said again: where it waits, beside its answer, on a button."""
MOST = 5
"""So many questions are shown that wait; who has answered one of them sees the next."""

K = Remark.Kind


@dataclass(frozen=True)
class Said:
    """One remark, as the page shows it."""

    pk: int
    at: datetime
    who: str
    kind: str
    text: str
    asked: str = ""
    """Whom a question was put to."""
    waits: bool = False
    answer: int | None = None
    """The remark that answered this question, if it is on the same page."""
    question: int | None = None
    about: str = ""
    """The beginning of the question that this answers."""

    @property
    def excerpt(self) -> str:
        return excerpt(self.text)

    @property
    def brief(self) -> str:
        """As it fits on a button."""
        return excerpt(self.text, BRIEF)


@dataclass(frozen=True)
class Conversation:
    """Some remarks in the order of time; ``earlier``: the key before which there are more, or None."""

    request: Request
    remarks: tuple[Said, ...]
    earlier: int | None = None


@dataclass(frozen=True)
class Talk:
    """What one person may say: the questions that wait for their answer, and why they may ask none."""

    version: str
    to_answer: tuple[Said, ...]
    asked: str
    """Whom a question would be put to."""
    why_no_question: str
    own: bool


def conversation_of(request: Request, before: int | None = None) -> Conversation:
    """The last remarks, or those before this key."""
    rows = request.remarks.select_related("author", "asked", "question").order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    shown = found[:PAGE][::-1]
    answers = {row.question_id: row.pk for row in reversed(shown) if row.question_id}
    earlier = shown[0].pk if len(found) > PAGE else None
    return Conversation(request, tuple(_said(row, answers.get(row.pk)) for row in shown), earlier)


def _said(row: Remark, answer: int | None = None) -> Said:
    return Said(
        pk=row.pk,
        at=row.at,
        who=person_name(row.author) or row.author_name,
        kind=row.kind,
        text=row.text,
        asked=person_name(row.asked) if row.kind == K.QUESTION else "",
        waits=row.kind == K.QUESTION and row.answered_at is None,
        answer=answer,
        question=row.question_id,
        about=excerpt(row.question.text, ABOUT) if row.question else "",
    )


def excerpt(text: str, most: int = EXCERPT) -> str:
    """One line of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


# --- questions ----------------------------------------------------------------------------------------------------


def open_questions(request: Request) -> tuple[Said, ...]:
    """Those that wait for the requester, oldest first."""
    return tuple(map(_said, _open().filter(request=request)[:MOST]))


def _open() -> QuerySet[Remark]:
    rows = Remark.objects.filter(kind=K.QUESTION, answered_at=None, asked__isnull=False)
    return rows.select_related("author", "asked", "question").order_by("pk")


@dataclass(frozen=True)
class Asked:
    """A question that waits for somebody, wherever they look."""

    question: Said
    request: Request


def asked_of(user_id: int) -> tuple[Asked, ...]:
    """Questions about what this person asked for and that is still open: found by an index of their own."""
    rows = _open().filter(asked_id=user_id, request__closed_at=None).select_related("request")
    return tuple(Asked(_said(row), row.request) for row in rows[:MOST])


def why_no_question(request: Request, user: Any) -> str:
    """Why this person cannot put a question to the requester; empty if they can."""
    if request.requester_id == user.pk:
        return _("You asked for this yourself: others put questions to you here.")
    if not request.is_open:
        return _("It is closed, so no decision waits for an answer. Comments are still possible.")
    who = {"who": who_asked(request)}
    if request.requester is None:
        return _("“%(who)s” has no account here, so nobody could answer a question. Comments are possible.") % who
    if not request.requester.is_active:
        return _("%(who)s has left Leitstand, so nobody could answer a question. Comments are possible.") % who
    return ""


def talk_of(request: Request, user: Any) -> Talk:
    own = request.requester_id is not None and request.requester_id == user.pk
    questions = open_questions(request) if own else ()
    return Talk(
        version=talk_version(request, questions),
        to_answer=questions,
        asked=who_asked(request),
        why_no_question=why_no_question(request, user),
        own=own,
    )


def talk_version(request: Request, to_answer: Iterable[Said]) -> str:
    """Changes whenever the form of a viewer has to: never by what others comment."""
    return "-".join(["open" if request.is_open else "closed", *(str(one.pk) for one in to_answer)])
