"""How the demo is told: a story is one request, and what people and programs then do to it, in their order."""

from dataclasses import dataclass, field, replace
from typing import Any

from approvals.models import Attempt, Remark, Status

K = Remark.Kind
V = Attempt.Verdict


@dataclass(frozen=True)
class Act:
    """One decision. It waits until its level is open, or the request has the status that ``once`` names."""

    verdict: Attempt.Verdict
    who: str
    level: str = ""
    comment: str = ""
    once: Status = Status.WAITING
    at_once: bool = False
    """The next act follows without waiting for the receipt of this one: a race."""
    second: bool = False
    """It comes second in a race, so it waits for nothing."""
    claimed: bool = False
    """A program sends the signal; nobody clicked."""


@dataclass(frozen=True)
class Word:
    """Something said on the request's page. An answer answers the last question before it."""

    who: str
    text: str
    kind: Remark.Kind = K.COMMENT


@dataclass(frozen=True)
class Story:
    """One request. With ``program`` a program starts it, under that workflow id; else ``by`` fills in the form."""

    slug: str
    title: str
    amount: str
    by: str
    kind: str = "default"
    details: dict[str, str] = field(default_factory=dict)
    action: dict[str, Any] | None = None
    acts: tuple[Act, ...] = ()
    said: tuple[Word, ...] = ()
    program: str = ""
    workflow: str = "MultiStepApprovalWorkflow"
    more: dict[str, Any] = field(default_factory=dict)
    """What only a program may say: levels, deadlines."""


def approve(who: str, level: str, comment: str = "") -> Act:
    return Act(V.APPROVE, who, level, comment)


def reject(who: str, level: str, comment: str) -> Act:
    return Act(V.REJECT, who, level, comment)


def withdraw(who: str, reason: str) -> Act:
    return Act(V.WITHDRAW, who, "", reason)


def retry(who: str) -> Act:
    return Act(V.RETRY, who, once=Status.ACTION_FAILED)


def give_up(who: str, reason: str) -> Act:
    return Act(V.GIVE_UP, who, "", reason, once=Status.ACTION_FAILED)


def claim(act: Act) -> Act:
    """The same decision, but a program says so."""
    return replace(act, claimed=True)


def race(first: Act, second: Act) -> tuple[Act, Act]:
    """Both click before either is recorded."""
    return replace(first, at_once=True), replace(second, second=True)


def too_late(act: Act) -> Act:
    """A click after the deadline."""
    return replace(act, once=Status.TIMEOUT)


def ask(who: str, text: str) -> Word:
    return Word(who, text, K.QUESTION)


def answer(who: str, text: str) -> Word:
    return Word(who, text, K.ANSWER)


def order(vendor: str, quantity: int = 1) -> dict[str, Any]:
    return {"name": "purchase_order", "args": {"vendor": vendor, "quantity": quantity}}


def note(text: str) -> dict[str, Any]:
    return {"name": "record", "args": {"text": text}}


def booking(outages: int = 1) -> dict[str, Any]:
    return {"name": "book_in_warehouse", "args": {"outages": outages}}
