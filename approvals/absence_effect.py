"""What a delegation would mean, before it is saved: what of all that waits would reach the stand-in, what not, why."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _

from approvals.absence import Wanted
from approvals.models import LevelHolder, Request, Status, Step
from approvals.queries import CAP, said
from approvals.rows import person_name

EXAMPLES = 3


@dataclass(frozen=True)
class Kept:
    """Requests that would not reach the stand-in: why, how many ("4", "1,000+"), and the first of them."""

    why: str
    number: str
    examples: tuple[Request, ...]
    more: bool


@dataclass(frozen=True)
class LevelEffect:
    """At one level. ``already``: the stand-in decides these in their own right, whatever is delegated."""

    title: str
    kinds: tuple[str, ...]
    waits: str
    reaches: str
    already: str
    kept: tuple[Kept, ...]


def effects(wanted: Wanted) -> tuple[LevelEffect, ...]:
    """By the rules as they are now; a constant number of queries for each level."""
    held = {row.level_id: row.only_kinds for row in LevelHolder.objects.filter(user=wanted.delegator)}
    theirs = _own_right(wanted.delegate)
    found = [_effect(wanted, level.name, level.title, held[level.pk], theirs) for level in wanted.levels]
    everywhere = () if any(not held[level.pk] for level in wanted.levels) else _all_kinds(wanted, held)
    any_level = _effect(wanted, "", _("Any level"), everywhere, theirs)
    return (*found, any_level) if any_level.waits != "0" else tuple(found)


def _all_kinds(wanted: Wanted, held: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({kind for level in wanted.levels for kind in held[level.pk]}))


def _own_right(delegate: User) -> dict[str, tuple[str, ...]]:
    """The levels that they hold themselves now, with the kinds that each is limited to."""
    rows = LevelHolder.objects.current().filter(user=delegate).select_related("level")
    return {row.level.name: row.only_kinds for row in rows}


def _effect(
    wanted: Wanted, name: str, title: str, kinds: tuple[str, ...], theirs: dict[str, tuple[str, ...]]
) -> LevelEffect:
    waits = Request.objects.filter(
        closed_at=None, status=Status.WAITING, deadline__isnull=False, current_level=name
    ).order_by()
    waits = waits.filter(kind__in=kinds) if kinds else waits
    own = _held_by(theirs, name)
    left, kept = waits.exclude(own) if own else waits, []
    for why, condition in _barred(wanted):
        pks = list(left.filter(condition).values_list("pk", flat=True)[: CAP + 1])
        left = left.exclude(condition)
        if pks:
            examples = Request.objects.filter(pk__in=pks[:EXAMPLES]).order_by("deadline", "id")
            kept.append(Kept(why, said(len(pks)), tuple(examples), len(pks) > EXAMPLES))
    already = waits.filter(own)[: CAP + 1].count() if own else 0
    waiting, reaching = waits[: CAP + 1].count(), left[: CAP + 1].count()
    return LevelEffect(title, kinds, said(waiting), said(reaching), said(already), tuple(kept))


def _held_by(theirs: dict[str, tuple[str, ...]], name: str) -> Q | None:
    """What they decide at this level themselves, as a condition; None if nothing."""
    limits = [kinds for level, kinds in theirs.items() if name in (level, "")]
    if not limits:
        return None
    if any(not kinds for kinds in limits):
        return Q(pk__isnull=False)
    return Q(kind__in=[kind for kinds in limits for kind in kinds])


def _barred(wanted: Wanted) -> Iterator[tuple[str, Q]]:
    """In the order of the rules: each reason takes what the ones before have left."""
    away, stands_in = wanted.delegator, wanted.delegate
    yield _("%(who)s asked for it") % {"who": person_name(stands_in)}, Q(requester=stands_in, self_approval=False)
    yield _decided(stands_in)
    yield _("%(who)s asked for it") % {"who": person_name(away)}, Q(requester=away)
    yield _decided(away)


def _decided(person: User) -> tuple[str, Q]:
    """Driven by what they decided, not by what waits: of the latter there may be a hundred thousand."""
    theirs = Q(decided_by=person) | Q(on_behalf_of=person)
    done = Step.objects.filter(theirs, state=Step.State.APPROVED, request__closed_at=None)
    why = _("%(who)s has decided another level of it, and one person decides one level only")
    return why % {"who": person_name(person)}, Q(distinct_approvers=True, pk__in=done.values("request_id"))
