"""Why you, or why not you: the one sentence beside a request, and which of its controls are yours."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from approvals.access import Sight, StandIn
from approvals.deciders import Named, named
from approvals.models import Request, Status
from approvals.reasons import Rule, rules_for
from approvals.rows import a_level_is_open, approved_as, decides_for, given_up, may_decide
from approvals.rules import may_mend
from approvals.words import in_a_sentence, listed


@dataclass(frozen=True)
class Standing:
    """What one person may do with one request now, and why."""

    why: str
    can_decide: bool = False
    as_level: str = ""
    """The level as the form sends it; empty for an approval that has no levels."""
    as_title: str = ""
    as_whom: str = ""
    """For whom they would decide; empty in their own right."""
    can_withdraw: bool = False
    can_retry: bool = False
    rules: tuple[Rule, ...] = ()
    concerned: bool = False
    """The level is theirs, and something else keeps them from deciding: their business to know what."""
    others: Named | None = None
    """Who else could decide now; None where nothing waits."""


NAMED = 5
"""So many of the others are named; the rest is a number."""


def standing(user: Any, sight: Sight, request: Request, titles: dict[str, str]) -> Standing:
    """``request`` comes with its steps; ``titles`` are the levels' titles by name."""
    decides = may_decide(sight, request)
    lent = decides_for(sight, request) if decides else None
    mends = request.status == Status.ACTION_FAILED and may_mend(user, request)
    return Standing(
        why=_why(sight, request, titles, mends),
        can_decide=decides,
        as_level=form_level(request) if decides else "",
        as_title=_as(request.current_level, titles) if decides else "",
        as_whom=lent.holder_name if lent else "",
        can_withdraw=a_level_is_open(request) and (asked_by(sight, request) or user.is_superuser),
        can_retry=mends,
        rules=rules_for(sight, request, titles),
        concerned=not decides and a_level_is_open(request) and sight.decides_at(request.current_level, request.kind),
        others=_others(sight, request),
    )


def _others(sight: Sight, request: Request) -> Named | None:
    opened = (step for step in request.steps.all() if step.index == request.current_step)
    step = next(opened, None) if a_level_is_open(request) else None
    return named(request, step, NAMED, but=sight.user_id) if step else None


def form_level(request: Request) -> str:
    """By contract an approval without levels is decided with an empty level, even where it names who may decide."""
    return "" if request.workflow_type == "ApprovalWorkflow" else request.current_level


def asked_by(sight: Sight, request: Request) -> bool:
    return request.requester_id is not None and request.requester_id == sight.user_id


def _why(sight: Sight, request: Request, titles: dict[str, str], mends: bool) -> str:
    if request.status == Status.WAITING:
        return _why_waiting(sight, request, titles)
    if request.status == Status.NOT_STARTED:
        return _("It has not started yet, so there is nothing to decide. It starts by itself once Temporal answers.")
    if request.status == Status.ACTION_RUNNING:
        return _("Every level has approved; the action is running.")
    if request.status == Status.ACTION_FAILED:
        return _why_failed(mends)
    if given_up(request):
        return _("It is closed: every level has approved, and the action was given up.")
    return _("It is closed: there is nothing left to decide.")


def _why_failed(mends: bool) -> str:
    if mends:
        return _("Every level has approved, but the action failed: it can be tried again or given up.")
    return _(
        "Every level has approved, but the action failed. "
        "The requester, whoever decides in its chain, or an admin can try it again or give it up."
    )


def _why_waiting(sight: Sight, request: Request, titles: dict[str, str]) -> str:
    """The first rule that says no, as one sentence; where none does, in whose right."""
    if not a_level_is_open(request):
        return _("It is between two steps: what comes next shows in a moment.")
    level = _as(request.current_level, titles)
    if not sight.decides_at(request.current_level, request.kind):
        return _why_not_theirs(sight, request, level, titles)
    if asked_by(sight, request) and not request.self_approval:
        return _("You asked for this yourself, so somebody else decides.")
    if request.distinct_approvers and (step := approved_as(sight.user_id, request)):
        about = {"done": _as(step.level, titles), "level": level}
        return _("You approved as %(done)s already; another person decides as %(level)s.") % about
    if lent := sight.stand_ins_at(request.current_level, request.kind):
        return _why_as_stand_in(decides_for(sight, request), lent[0], request, level, titles)
    if not request.current_level:
        return _("You hold a level, and anybody who holds one may decide this.")
    return _("You hold the level %(level)s.") % {"level": level}


def _why_as_stand_in(lent: StandIn | None, first: StandIn, request: Request, level: str, titles: dict[str, str]) -> str:
    if lent:
        about = {"who": lent.holder_name, "level": _as(lent.level, titles), "day": date_format(lent.until, "j M Y")}
        return _("You stand in for %(who)s as %(level)s until %(day)s.") % about
    about = {"who": first.holder_name, "level": level}
    if first.holder_id == request.requester_id:
        return _("%(who)s asked for this, so nobody who stands in for them decides it.") % about
    step = approved_as(first.holder_id, request)
    about["done"] = _as(step.level, titles) if step else ""
    said = _("%(who)s, for whom you stand in, decided as %(done)s already; another person decides as %(level)s.")
    return said % about


def _why_not_theirs(sight: Sight, request: Request, level: str, titles: dict[str, str]) -> str:
    """They have nothing that counts here: not the level, or not for this kind."""
    if request.current_level in sight.own:
        return _("Your level does not count for requests of this kind; others who hold it decide.")
    if request.current_level in sight.deciding:
        return _("What you stand in for does not count for requests of this kind; others decide.")
    return _why_not_this_level(sight, level, titles)


def _why_not_this_level(sight: Sight, level: str, titles: dict[str, str]) -> str:
    held = listed([_as(name, titles) for name in sight.deciding if name])
    if not held:
        return _("It waits for %(level)s; you hold no level.") % {"level": level}
    if not sight.stand_ins:
        return _("It waits for %(level)s; you hold %(held)s.") % {"level": level, "held": held}
    return _("It waits for %(level)s; you decide as %(held)s.") % {"level": level, "held": held}


def _as(level: str, titles: dict[str, str]) -> str:
    return in_a_sentence(titles.get(level, level))
