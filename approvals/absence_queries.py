"""What the page of absences shows: whom I have named, and for whom I stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from approvals.holders import day_of
from approvals.models import Delegation, Level, LevelHolder
from approvals.rows import person_name

PAST = 20
"""So many past delegations are shown; the ledger has them all."""
OFFERED = 1_000
"""So many people are offered while one types; anybody's username is taken."""


@dataclass(frozen=True)
class AbsencePage:
    mine: tuple[Delegation, ...]
    theirs: tuple[Delegation, ...]
    past: tuple[Delegation, ...]
    levels: tuple[Level, ...]
    """Those that this person could lend; none: then there is no form."""


def absence_page(user: User) -> AbsencePage:
    found = _with_names(Delegation.objects.filter(Q(delegator=user) | Q(delegate=user)))
    standing = list(found.filter(ended_at=None, until_day__gte=day_of(timezone.now())).order_by("from_day", "id"))
    over = found.exclude(pk__in=[one.pk for one in standing]).order_by("-until_day", "-id")
    return AbsencePage(
        mine=tuple(one for one in standing if one.delegator_id == user.pk),
        theirs=tuple(one for one in standing if one.delegate_id == user.pk),
        past=tuple(over[:PAST]),
        levels=tuple(lendable(user)),
    )


def _with_names(rows: QuerySet[Delegation]) -> QuerySet[Delegation]:
    return rows.select_related("level", "delegator", "delegate")


def lendable(user: User) -> QuerySet[Level]:
    """The levels that they hold now, or will."""
    today = day_of(timezone.now())
    still = Q(valid_until=None) | Q(valid_until__gte=today)
    held = LevelHolder.objects.filter(still, user=user, user__is_active=True)
    return Level.objects.filter(pk__in=held.values("level_id"))


def people_to_name(user: User) -> Sequence[tuple[str, str]]:
    """(username, name) of whoever could stand in."""
    people = User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("first_name", "last_name", "username")
    return [(one.get_username(), person_name(one)) for one in people[:OFFERED]]


def delegation_of(user: Any, pk: int) -> Delegation:
    """One's own, or any for an admin; of others' nobody is told that they exist."""
    mine = Delegation.objects.all() if user.is_superuser else Delegation.objects.filter(delegator_id=user.pk)
    if (found := _with_names(mine).filter(pk=pk).first()) is None:
        raise Http404
    return found


@dataclass(frozen=True)
class Covers:
    """A delegation that counts now, as somebody's pages say it: at which level, with whom, until when."""

    level: str
    other: str
    until: Any
    away: bool
    """Whether it is this person who is stood in for."""


def covers(user: Any) -> tuple[Covers, ...]:
    """What counts now, both ways, in one query."""
    now = _with_names(Delegation.objects.current().filter(Q(delegator_id=user.pk) | Q(delegate_id=user.pk)))
    return tuple(
        Covers(one.level.title, person_name(one.delegate if away else one.delegator), one.until_day, away)
        for one in now.order_by("until_day", "id")
        for away in [one.delegator_id == user.pk]
    )
