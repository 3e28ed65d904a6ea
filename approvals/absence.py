"""Have somebody stand in while one is away, and end that: checked, in the ledger, told by mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from approvals import absence_notices
from approvals.holders import day_of
from approvals.models import Delegation, Level, LevelHolder
from approvals.receivers import stand_in_changed
from approvals.rows import person_name
from approvals.words import in_a_sentence
from audit.services import append
from live.writes import write

LONGEST = timedelta(days=366)
"""So long one delegation lasts at most, and so far ahead it may begin: who is away for longer gives the level back."""


@dataclass(frozen=True)
class Wanted:
    """Who is away, who stands in, at which levels, from which day to which; both count."""

    delegator: User
    delegate: User
    levels: tuple[Level, ...]
    from_day: date
    until_day: date


class NotPossible(Exception):
    """What speaks against it, in a sentence for each field."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        super().__init__(problems)
        self.problems = problems


def check(wanted: Wanted) -> None:
    """Raises NotPossible. Asked by the form, and again in the transaction that saves."""
    found = {"who": _wrong_person(wanted), "levels": _wrong_levels(wanted), **_wrong_days(wanted)}
    if problems := {field: said for field, said in found.items() if said}:
        raise NotPossible(problems)


def _wrong_person(wanted: Wanted) -> list[str]:
    if wanted.delegate.pk == wanted.delegator.pk:
        return [_("Nobody stands in for themself: name somebody else.")]
    if not wanted.delegate.is_active:
        who = person_name(wanted.delegate)
        return [_("The account of %(who)s is not active, so they cannot decide. Name somebody else.") % {"who": who}]
    return []


def _wrong_days(wanted: Wanted) -> dict[str, list[str]]:
    today = day_of(timezone.now())
    if wanted.from_day < today:
        said = _("It cannot begin in the past: the first day is today, %(today)s, or later.")
        return {"from_day": [said % {"today": shown(today)}]}
    if wanted.from_day - today > LONGEST:
        return {"from_day": [_("It can begin at most %(days)d days from now.") % {"days": LONGEST.days}]}
    if wanted.until_day < wanted.from_day:
        return {"until_day": [_("It would end before it begins.")]}
    if wanted.until_day - wanted.from_day >= LONGEST:
        said = _("It can last at most %(days)d days. For longer, an admin gives the level to somebody else.")
        return {"until_day": [said % {"days": LONGEST.days}]}
    return {}


def _wrong_levels(wanted: Wanted) -> list[str]:
    if not wanted.levels:
        return [_("Choose at least one level.")]
    held = {row.level_id: row for row in LevelHolder.objects.filter(user=wanted.delegator)}
    each = (_wrong_level(wanted, level, held.get(level.pk)) for level in wanted.levels)
    return [said for said in each if said]


def _wrong_level(wanted: Wanted, level: Level, held: LevelHolder | None) -> str:
    """A level that is not held cannot be lent; nor twice for the same day."""
    about: dict[str, str] = {"level": in_a_sentence(level.title), "who": person_name(wanted.delegator)}
    if held is None:
        return _("%(who)s does not hold the level %(level)s, so nobody can stand in there.") % about
    if (held.valid_from and wanted.until_day < held.valid_from) or (
        held.valid_until and wanted.from_day > held.valid_until
    ):
        return _("%(who)s does not hold the level %(level)s on any of these days.") % about
    return _overlap(wanted, level, about)


def _overlap(wanted: Wanted, level: Level, about: dict[str, str]) -> str:
    theirs = Delegation.objects.filter(delegator=wanted.delegator, level=level, ended_at=None)
    other = theirs.filter(from_day__lte=wanted.until_day, until_day__gte=wanted.from_day).select_related("delegate")
    if (found := other.first()) is None:
        return ""
    about |= {"delegate": person_name(found.delegate), "first": shown(found.from_day), "last": shown(found.until_day)}
    said = _(
        "%(delegate)s stands in as %(level)s from %(first)s to %(last)s already. End that first, or choose other days."
    )
    return said % about


def shown(day: date) -> str:
    return date_format(day, "j M Y")


def allowed(*, delegator: User, by: User) -> None:
    """For oneself, or as an admin."""
    if not by.is_active or (by.pk != delegator.pk and not by.is_superuser):
        raise PermissionDenied("Only for oneself.")


def delegate(*, wanted: Wanted, form_id: UUID, by: User) -> Sequence[Delegation]:
    """Save it. The same form again changes nothing and gives what it made before."""
    allowed(delegator=wanted.delegator, by=by)
    with write():
        User.objects.select_for_update().get(pk=wanted.delegator.pk)  # two forms at once: one after the other
        known = Delegation.objects.filter(form_id=form_id)
        if made := list(known.filter(delegator=wanted.delegator)):
            return made
        check(wanted)
        free = uuid4() if known.exists() else form_id
        made = [_make(wanted, level, free, by) for level in wanted.levels]
        absence_notices.set_up(made, by)
        stand_in_changed(wanted.delegate.pk)
    return made


def _make(wanted: Wanted, level: Level, form_id: UUID, by: User) -> Delegation:
    now = timezone.now()
    one = Delegation.objects.create(
        form_id=form_id,
        level=level,
        delegator=wanted.delegator,
        delegate=wanted.delegate,
        from_day=wanted.from_day,
        until_day=wanted.until_day,
        made_at=now,
        made_by_name=by.get_username(),
        begun_at=now if wanted.from_day <= day_of(now) else None,
    )
    _enter(one, "delegation.set", by)
    return one


def end(*, delegation: Delegation, by: User) -> bool:
    """From now on it does not count, clicks that are being recorded included. False: it had ended already."""
    allowed(delegator=delegation.delegator, by=by)
    with write():
        ended = {"ended_at": timezone.now(), "ended_by_name": by.get_username()}
        still = Delegation.objects.filter(pk=delegation.pk, ended_at=None, until_day__gte=day_of(timezone.now()))
        if still.update(**ended) != 1:
            return False
        delegation.refresh_from_db()
        _enter(delegation, "delegation.ended", by)
        absence_notices.ended(delegation, by)
        stand_in_changed(delegation.delegate_id)
    return True


def _enter(one: Delegation, kind: str, by: User) -> None:
    data: dict[str, Any] = {
        "delegator": one.delegator.get_username(),
        "delegate": one.delegate.get_username(),
        "level": one.level.name,
        "from_day": one.from_day.isoformat(),
        "until_day": one.until_day.isoformat(),
    }
    append(stream=f"level:{one.level.name}", kind=kind, actor=by.get_username(), known="signed_in", data=data)
