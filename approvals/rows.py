"""One request as a list shows it: everything a template needs, nothing that asks the database again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from approvals.access import Sight, StandIn
from approvals.models import Level, Policy, Request, Status, Step
from approvals.once import once


@dataclass(frozen=True)
class Dot:
    """One level of a chain, as small as it gets."""

    letter: str
    title: str
    state: str

    @property
    def mark(self) -> str:
        return {"approved": "done", "open": "here", "rejected": "no", "timeout": "no"}.get(self.state, "")


@dataclass(frozen=True)
class Row:
    """One request in a list; nothing in it asks the database again."""

    pk: int
    uuid: UUID
    url: str
    title: str
    reference: str
    who: str
    kind: str
    amount: Decimal | None
    currency: str
    status: str
    status_label: str
    is_open: bool
    deadline: datetime | None
    closed_at: datetime | None
    waits_for: str
    can_decide: bool
    steps_shown: tuple[Dot, ...]
    updated_at: datetime
    started: bool
    corrected: str = ""
    """What was put right a moment ago, by what its workflow says."""
    unconfirmed: bool = False
    """Its workflow could not be asked, as those of others here could."""


def rows_of(sight: Sight, requests: Iterable[Request], base: dict[int, Row] | None = None) -> Iterable[Row]:
    """``base``: the same rows as anybody sees them, who decides nothing."""
    known = base_of(requests) if base is None else base
    return [replace(known[one.pk], can_decide=may_decide(sight, one)) for one in requests]


def base_of(requests: Iterable[Request]) -> dict[int, Row]:
    levels, kinds = level_titles(), kind_titles()
    return {one.pk: _row(one, levels, kinds) for one in requests}


def level_titles() -> dict[str, str]:
    return {"": _("Any level"), **once("level titles", lambda: dict(Level.objects.values_list("name", "title")))}


def kind_titles() -> dict[str, str]:
    return once("kind titles", lambda: dict(Policy.objects.values_list("kind", "title")))


def _row(one: Request, levels: dict[str, str], kinds: dict[str, str]) -> Row:
    waiting = a_level_is_open(one)
    return Row(
        pk=one.pk,
        uuid=one.uuid,
        url=one.get_absolute_url(),
        title=one.title,
        reference=one.reference,
        who=who_asked(one),
        kind=kinds.get(one.kind, one.kind),
        amount=one.amount,
        currency=one.currency,
        status=shown_status(one),
        status_label="" if given_up(one) else word_of(Status, one.status),
        is_open=one.is_open,
        deadline=one.deadline if waiting else None,
        closed_at=one.closed_at,
        waits_for=levels.get(one.current_level, one.current_level) if waiting else "",
        can_decide=False,
        steps_shown=tuple(_dot(step, levels) for step in one.steps.all()),
        updated_at=one.updated_at,
        started=bool(one.first_run_id),
    )


def may_decide(sight: Sight, one: Request) -> bool:
    """The same condition as ``mine_to_decide``, on a row whose steps are there."""
    own = one.requester_id is not None and one.requester_id == sight.user_id and not one.self_approval
    return (
        a_level_is_open(one)
        and (sight.holds(one.current_level, one.kind) or decides_for(sight, one) is not None)
        and not own
        and not (one.distinct_approvers and approved_as(sight.user_id, one) is not None)
    )


def decides_for(sight: Sight, one: Request) -> StandIn | None:
    """For whom: the first for whom nothing speaks against it; None where it is in their own right, or not at all."""
    return next((lent for lent in sight.stand_ins_at(one.current_level, one.kind) if not barred(lent, one)), None)


def barred(lent: StandIn, one: Request) -> bool:
    """Nobody stands in for somebody at what they asked for themself, nor at a second level of one request."""
    twice = one.distinct_approvers and approved_as(lent.holder_id, one) is not None
    return lent.holder_id == one.requester_id or twice


def word_of(choices: type[TextChoices], value: str) -> str:
    """As ``get_…_display`` says it, which first translates every other choice: a list has hundreds of these."""
    try:
        return str(choices(value).label)
    except ValueError:
        return value


def a_level_is_open(one: Request) -> bool:
    """Between two levels, and before the end, a request waits for nobody: its deadline is empty then."""
    return one.status == Status.WAITING and one.deadline is not None


def given_up(one: Request) -> bool:
    """Approved, but what was approved has not been done, and will not be: an error stays only of a last try."""
    return one.status == Status.APPROVED and bool(one.action_error)


def shown_status(one: Request) -> str:
    return "given_up" if given_up(one) else str(one.status)


def approved_as(user_id: int, one: Request) -> Step | None:
    """The step that was approved already by this person, or for them, if any."""
    done = (step for step in one.steps.all() if step.state == Step.State.APPROVED)
    return next((step for step in done if user_id in (step.decided_by_id, step.on_behalf_of_id)), None)


def who_asked(one: Request) -> str:
    return person_name(one.requester) or one.requester_name or _("somebody unnamed")


def person_name(user: Any) -> str:
    """A full name where there is one, else the username; "" for nobody."""
    return (user.get_full_name() or user.get_username()) if user else ""


def _dot(step: Step, levels: dict[str, str]) -> Dot:
    title = levels.get(step.level, step.level)
    return Dot(title[:1].upper(), f"{title}: {word_of(Step.State, step.state)}", step.state)
