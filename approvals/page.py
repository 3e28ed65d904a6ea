"""Everything that the page of one request shows, read in a constant number of queries."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals import actions
from approvals.access import sight_of, visible_to
from approvals.again import can_be_followed
from approvals.conversation import Talk, talk_of
from approvals.deciders import by_level
from approvals.history import Sentence, history_of
from approvals.models import Attempt, Record, Request, Status, Step
from approvals.rows import (
    a_level_is_open,
    given_up,
    kind_titles,
    level_titles,
    person_name,
    shown_status,
    who_asked,
)
from approvals.why import Standing, standing
from approvals.words import in_a_sentence
from live.elsewhere import workflow_url

LINKED = 10
NAMED = 3
"""So many holders of a level are named; the others are a number."""


@dataclass(frozen=True)
class StepShown:
    """One level in the stepper."""

    title: str
    state: str
    label: str
    mark: str
    who: str
    deadline: datetime | None
    decided_at: datetime | None
    lasted: float | None
    """Seconds from the opening of the level to its decision."""
    comment: str
    claimed: bool


@dataclass(frozen=True)
class StateShown:
    """What the page shows to everybody alike: the live part."""

    request: Request
    status: str
    headline: str
    who: str
    kind: str
    details: tuple[tuple[str, str], ...]
    action_title: str
    arguments: tuple[tuple[str, str], ...]
    steps: tuple[StepShown, ...]
    history: tuple[Sentence, ...]
    pending: tuple[str, ...]
    records: tuple[Record, ...]
    version: str
    """Changes whenever the form of a viewer may have to."""


@dataclass(frozen=True)
class RequestPage:
    """What the page shows to one person alone, around the live part."""

    request: Request
    version: str
    standing: Standing
    temporal_url: str
    sees_ledger: bool
    talk: Talk
    follows: Request | None
    """What it asks for again, if this person sees that."""
    followed_by: tuple[Request, ...]
    can_ask_again: bool


def request_page(request: Request, user: Any) -> RequestPage:
    sight = sight_of(user)
    prefetch_related_objects([request], "steps")
    linked = _linked(request, user)
    return RequestPage(
        request=request,
        version=form_version(request),
        standing=standing(user, sight, request, level_titles()),
        temporal_url=temporal_url(request),
        sees_ledger=sight.everything,
        talk=talk_of(request, user),
        follows=next((one for one in linked if one.pk == request.follows_id), None),
        followed_by=tuple(one for one in linked if one.follows_id == request.pk),
        can_ask_again=can_be_followed(request, user),
    )


def _linked(request: Request, user: Any) -> list[Request]:
    """What it follows and what follows it, where this person sees them. Nothing follows what is open."""
    if request.is_open and not request.follows_id:
        return []
    either = Q(follows=request) | Q(pk=request.follows_id) if request.follows_id else Q(follows=request)
    return list(visible_to(user).filter(either).order_by("pk")[:LINKED])


def state_of(request: Request) -> StateShown:
    titles = level_titles()
    steps = list(request.steps.select_related("decided_by", "on_behalf_of"))
    return StateShown(
        request=request,
        status=shown_status(request),
        headline=_headline(request, titles),
        who=who_asked(request),
        kind=kind_titles().get(request.kind, request.kind),
        details=_pairs(request.details),
        action_title=_action_title(request.action_name),
        arguments=_pairs(request.action_args),
        steps=_steps(request, steps, titles),
        history=history_of(request.stream, titles),
        pending=tuple(_pending(request)),
        records=tuple(request.records.all()),
        version=form_version(request),
    )


def form_version(request: Request) -> str:
    opened = "open" if a_level_is_open(request) else "between"
    return f"{request.status}-{request.current_step}-{opened}"


def _headline(request: Request, titles: dict[str, str]) -> str:
    """The state in words, with the level where one is waited for."""
    if request.status == Status.WAITING:
        if not a_level_is_open(request):
            return _("Being recorded")
        level = titles.get(request.current_level, request.current_level)
        return _("Waiting for %(level)s") % {"level": in_a_sentence(level)}
    if given_up(request):
        return _("Approved, action given up")
    return str(request.get_status_display())


def _pairs(given: Any) -> tuple[tuple[str, str], ...]:
    """What a form or a program gave, for people: texts as they are, all else as JSON."""
    if not isinstance(given, dict):
        return ()
    return tuple((str(key), value if isinstance(value, str) else _as_json(value)) for key, value in given.items())


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _action_title(name: str) -> str:
    return next((action.title for action in actions.available() if action.name == name), "")


def _steps(request: Request, steps: list[Step], titles: dict[str, str]) -> tuple[StepShown, ...]:
    holders = by_level(request, {step.level for step in steps})
    return tuple(_step(step, titles, holders[step.level]) for step in steps)


def _step(step: Step, titles: dict[str, str], holders: list[str]) -> StepShown:
    decided = step.state in (Step.State.APPROVED, Step.State.REJECTED)
    return StepShown(
        title=titles.get(step.level, step.level),
        state=step.state,
        label=str(step.get_state_display()),
        mark={"approved": "done", "open": "here", "rejected": "no", "timeout": "no"}.get(step.state, ""),
        who=_who_decided(step) if decided else _could(step, holders),
        deadline=step.deadline if step.state == Step.State.OPEN else None,
        decided_at=step.decided_at,
        lasted=_between(step.opened_at, step.decided_at),
        comment=step.comment,
        claimed=decided and step.known_by == "program",
    )


def _who_decided(step: Step) -> str:
    who = person_name(step.decided_by) or step.decided_by_name
    whom = person_name(step.on_behalf_of) or step.on_behalf_of_name
    return _("%(who)s for %(whom)s") % {"who": who, "whom": whom} if whom else who


def _could(step: Step, holders: list[str]) -> str:
    if step.state not in (Step.State.PENDING, Step.State.OPEN):
        return ""
    if not step.level:
        return _("Anybody who holds a level")
    if not holders:
        return _("Nobody else holds this level")
    if len(holders) > NAMED:
        more = len(holders) - NAMED
        others = ngettext("%(count)d other", "%(count)d others", more) % {"count": more}
        return _("%(names)s or %(others)s") % {"names": ", ".join(holders[:NAMED]), "others": others}
    return _(" or ").join(holders)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def _pending(request: Request) -> Iterable[str]:
    """What was clicked and is not settled yet."""
    unsettled = request.attempts.filter(state__in=["made", "sent", "unknown"]).select_related("user")[:20]
    for attempt in unsettled:
        who = person_name(attempt.user) or attempt.username
        yield _("%(who)s: %(verdict)s, being recorded") % {
            "who": who,
            "verdict": Attempt.Verdict(attempt.verdict).label,
        }


def temporal_url(request: Request) -> str:
    return workflow_url(request.workflow_id, request.first_run_id) if request.first_run_id else ""
