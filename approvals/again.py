"""Submit again: which requests one may, what the form begins with, and what of the old request it cannot carry."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from approvals import actions, inputs
from approvals.access import visible_to
from approvals.models import Policy, Request, Status
from approvals.words import listed
from worker.registry import Parameter, Registered, convert

ENDED = (
    Status.REJECTED,
    Status.TIMEOUT,
    Status.WITHDRAWN,
    Status.CANCELLED,
    Status.TERMINATED,
    Status.INVALID,
)
"""Ends without what was asked for. What was approved is not asked for again by this way."""
MOST = 10


@dataclass(frozen=True)
class Beginning:
    """How the form of a request that follows another begins."""

    follows: Request
    initial: dict[str, str]
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of the action, by its name."""
    missing: tuple[str, ...] = ()
    """What could not be carried over, in sentences."""


def can_be_followed(request: Request, user: Any) -> bool:
    """One's own alone: whoever else sees it makes a request of their own, which follows nothing."""
    own = request.requester_id is not None and request.requester_id == user.pk
    return own and request.status in ENDED and not actions.is_made_by_app(request.action_name)


def to_follow(user: Any, uuid: UUID) -> Request | None:
    found = visible_to(user).select_related("requester").filter(uuid=uuid).first()
    return found if found and can_be_followed(found, user) else None


def followers(request: Request, user: Any) -> tuple[Request, ...]:
    """What asked for it again before, as far as this person sees it."""
    return tuple(visible_to(user).filter(follows=request).order_by("pk")[:MOST])


def beginning(request: Request, currencies: Iterable[str]) -> Beginning:
    """All that the form can carry as it was; what it would change is left out and said."""
    lines, lost = _details(request.details)
    chosen, unknown = _choices(request, set(currencies))
    name, arguments, amiss = _action(request)
    initial = {"title": request.title, "amount": _amount(request.amount), "details": lines, "action": name, **chosen}
    missing = [*_of_programs(request), *unknown, *_not_carried(lost), *amiss]
    return Beginning(
        request, {**initial, "again": str(request.uuid)}, {name: arguments} if name else {}, tuple(missing)
    )


def _amount(amount: Decimal | None) -> str:
    """As it is typed: 250000, 1000.50."""
    return "" if amount is None else f"{amount:.2f}".removesuffix(".00")


def _of_programs(request: Request) -> list[str]:
    """What only a program may leave out or choose."""
    missing = []
    if request.amount is None:
        missing.append(_("It named no amount; the form needs one."))
    if request.by_program:
        missing.append(
            _("A program asked for it, and may have chosen who decides and until when: now the policy does.")
        )
    return missing


def _choices(request: Request, currencies: set[str]) -> tuple[dict[str, str], list[str]]:
    """Currency and kind, if they can still be chosen; the form would else begin with another, unseen."""
    missing = []
    chosen = {"currency": request.currency, "kind": request.kind}
    if request.currency not in currencies:
        chosen["currency"] = "EUR"
        missing.append(_("The currency was %(code)s, which cannot be chosen here.") % {"code": request.currency})
    if not Policy.objects.filter(kind=request.kind).exists():
        chosen["kind"] = "default"
        missing.append(_("The kind was “%(kind)s”, which does not exist any more.") % {"kind": request.kind})
    return chosen, missing


# --- details --------------------------------------------------------------------------------------------------------


def _details(details: Any) -> tuple[str, list[str]]:
    """Lines "key: value" for whatever reads back as it was, and the keys of the rest."""
    if not isinstance(details, dict):
        return "", [_("all of them")] if details else []
    carried = {key: f"{key}: {value}" for key, value in details.items() if _reads_back(key, value)}
    return "\n".join(carried.values()), [key for key in details if key not in carried]


def _reads_back(key: str, value: Any) -> bool:
    try:
        return isinstance(value, str) and inputs.details_of(f"{key}: {value}") == {key: value}
    except ValidationError:
        return False


def _not_carried(keys: list[str]) -> list[str]:
    if not keys:
        return []
    named = listed([f"“{key[:60]}”" for key in keys[:10]])
    return [
        _("Of the details, %(keys)s cannot be written as a line “key: value”: look there, and say it anew.")
        % {"keys": named if len(keys) <= 10 else _("%(keys)s and more") % {"keys": named}}
    ]


# --- the action -----------------------------------------------------------------------------------------------------


def _action(request: Request) -> tuple[str, dict[str, str], list[str]]:
    """Its name and its arguments as texts, and what is amiss with either."""
    if not request.action_name:
        return "", {}, []
    action = next((one for one in actions.by_hand() if one.name == request.action_name), None)
    if action is None:
        gone = _("The action “%(name)s”, which was to run when approved, does not exist any more: nothing runs.")
        return "", {}, [gone % {"name": request.action_name}]
    return action.name, *_arguments(action, request.action_args)


def _arguments(action: Registered, args: Any) -> tuple[dict[str, str], list[str]]:
    given = args if isinstance(args, dict) else {}
    texts = {p.name: _as_typed(p, given[p.name]) for p in action.parameters if p.name in given}
    carried = {name: text for name, text in texts.items() if text is not None}
    lost = [name for name in given if name not in carried]
    if not lost:
        return carried, []
    named = listed([f"“{name[:60]}”" for name in lost[:10]])
    return carried, [_("Of the action’s arguments, %(names)s cannot be carried over.") % {"names": named}]


def _as_typed(parameter: Parameter, value: Any) -> str | None:
    """The text of one line that is read as this value again; None if there is none."""
    if value is None and parameter.default is None and not parameter.required:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        read = inputs.argument_of(parameter, text)
    except ValidationError:
        return None
    return text if "\n" not in text and convert(read, parameter) == (value, "") else None
