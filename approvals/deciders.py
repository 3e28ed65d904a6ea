"""Everybody who could decide a level now: the rules of the recording activity, asked of all people at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from approvals.models import Delegation, LevelHolder, Request, Step
from approvals.rows import person_name


def deciders(row: Request, step: Step) -> QuerySet[User]:
    """In their own right, or for somebody for whom they stand in."""
    own, lent = _held(row, step), _lent(row, step)
    able = Q(pk__in=own.values("user_id")) | Q(pk__in=lent.values("delegate_id"))
    people = User.objects.filter(able, is_active=True)
    if row.requester_id and not row.self_approval:
        people = people.exclude(pk=row.requester_id)
    if row.distinct_approvers:
        people = people.exclude(_decided_already(row, "pk"))
    return people.select_related("preferences").order_by("pk")


def _held(row: Request, step: Step) -> QuerySet[LevelHolder]:
    held = LevelHolder.objects.current(kind=row.kind)
    return held.filter(level__name=step.level) if step.level else held


def _lent(row: Request, step: Step) -> QuerySet[Delegation]:
    """Nobody stands in for who asked for it, nor for who has decided another level of it."""
    lent = Delegation.objects.current(kind=row.kind)
    lent = lent.filter(level__name=step.level) if step.level else lent
    lent = lent.exclude(delegator_id=row.requester_id) if row.requester_id else lent
    return lent.exclude(_decided_already(row, "delegator_id")) if row.distinct_approvers else lent


def _decided_already(row: Request, person: str) -> Q:
    """What somebody decided for a person counts as that person's, too."""
    done = row.steps.filter(state=Step.State.APPROVED)
    by = done.filter(decided_by__isnull=False).values("decided_by_id")
    whom = done.filter(on_behalf_of__isnull=False).values("on_behalf_of_id")
    return Q(**{f"{person}__in": by}) | Q(**{f"{person}__in": whom})


def ids_of(people: QuerySet[User]) -> set[int]:
    return set(people.values_list("pk", flat=True))


# --- by name ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """Some of those who could decide, as pages name them, and how many there are besides."""

    names: tuple[str, ...]
    others: int = 0


def named(row: Request, step: Step, most: int, but: int = 0) -> Named:
    """``but``: the person who looks."""
    people = deciders(row, step).exclude(pk=but).order_by("first_name", "last_name", "username")
    found, number = list(people[:most]), people.count()
    own = set(_held(row, step).filter(user__in=found).values_list("user_id", flat=True))
    lent = _lent(row, step).filter(delegate__in=[one for one in found if one.pk not in own])
    whom = {one.delegate_id: one.delegator for one in lent.select_related("delegator").order_by("-pk")}
    return Named(tuple(for_whom(one, whom.get(one.pk)) for one in found), number - len(found))


def holder_for(row: Request, step: Step, user_id: int) -> User | None:
    """For whom this person would decide; None in their own right."""
    if _held(row, step).filter(user_id=user_id).exists():
        return None
    lent = _lent(row, step).filter(delegate_id=user_id).select_related("delegator").order_by("pk").first()
    return lent.delegator if lent else None


def for_whom(person: User | None, holder: User | None) -> str:
    """ "Dirk Holm (for Vera Stein)"; the name alone where it is in their own right."""
    who = person_name(person)
    return _("%(who)s (for %(whom)s)") % {"who": who, "whom": person_name(holder)} if holder else who


def by_level(row: Request, levels: Collection[str]) -> Mapping[str, list[str]]:
    """Who could decide at each of these levels, once it opens: the requester only where the policy lets them."""
    found = LevelHolder.objects.current(kind=row.kind).filter(level__name__in=levels).select_related("user", "level")
    lent = Delegation.objects.current(kind=row.kind).filter(level__name__in=levels)
    barred = row.requester_id if row.requester_id and not row.self_approval else 0
    holders = [(one.level.name, one.user, None) for one in found.exclude(user_id=barred)]
    own = {(level, user.pk) for level, user, _nobody in holders}
    stand_ins = [
        (one.level.name, one.delegate, one.delegator)
        for one in lent.exclude(delegator_id=row.requester_id).exclude(delegate_id=barred)
        .select_related("level", "delegate", "delegator").order_by("pk")
        if (one.level.name, one.delegate_id) not in own
    ]  # fmt: skip
    names: defaultdict[str, list[str]] = defaultdict(list)
    for level, person, holder in [*sorted(holders, key=_by_name), *sorted(stand_ins, key=_by_name)]:
        if (said := for_whom(person, holder)) not in names[level]:
            names[level].append(said)
    return names


def _by_name(one: tuple[str, User, User | None]) -> tuple[str, str, str]:
    _level, person, _holder = one
    return person.first_name, person.last_name, person.username
