"""Who sees which request. Whatever you may not see does not exist for you: the fetch answers 404."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404

from approvals.models import Delegation, LevelHolder, Request, Step
from approvals.once import once
from audit.queries import may_read


@dataclass(frozen=True)
class StandIn:
    """A level of somebody else's at which one decides for them. No kinds: for every kind."""

    level: str
    holder_id: int
    holder_name: str
    kinds: tuple[str, ...]
    until: date

    def reaches(self, level: str, kind: str) -> bool:
        """A request without a level waits for anybody who holds one: so for whoever stands in for them, too."""
        return level in (self.level, "") and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True)
class Sight:
    """What one person may see and decide; read once per page."""

    user_id: int
    levels: tuple[str, ...]
    everything: bool
    limits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Levels that count for some kinds only, with these kinds; "" stands for "any level" here too."""
    rarely: bool = False
    """Few requests have a level of theirs in the chain: those are looked up, else all are gone through in order."""
    stand_ins: tuple[StandIn, ...] = ()
    """For whom they decide besides, and at which levels; the oldest delegation first."""

    @property
    def own(self) -> tuple[str, ...]:
        """The levels held in one's own right. A request without a level waits for anybody who holds one."""
        return (*self.levels, "") if self.levels else ()

    @property
    def deciding(self) -> tuple[str, ...]:
        """The levels that this person decides at, in whosever right."""
        lent = (one.level for one in self.stand_ins)
        return tuple(dict.fromkeys((*self.levels, *lent, ""))) if self.levels or self.stand_ins else ()

    def holds(self, level: str, kind: str) -> bool:
        """In their own right."""
        return level in self.own and kind in dict(self.limits).get(level, (kind,))

    def stand_ins_at(self, level: str, kind: str) -> tuple[StandIn, ...]:
        """Whom they can decide for here; nobody where they hold the level themself: own right goes first."""
        if self.holds(level, kind):
            return ()
        return tuple(one for one in self.stand_ins if one.reaches(level, kind))

    def decides_at(self, level: str, kind: str) -> bool:
        return self.holds(level, kind) or bool(self.stand_ins_at(level, kind))

    def within(self, level: str = "current_level", kind: str = "kind") -> Q:
        """The levels of one's own with their limits to kinds, as a condition on these columns."""
        limits = Q(**{f"{level}__in": self.own})
        for name, kinds in self.limits:
            limits &= ~Q(**{level: name}) | Q(**{f"{kind}__in": kinds})
        return limits

    def lent(self, level: str, kind: str, requester: str) -> Iterator[tuple[StandIn, Q]]:
        """Each stand-in that adds something, with its condition: never what its delegator asked for themself."""
        limited = dict(self.limits)
        for one in self.stand_ins:
            if one.level in self.levels and one.level not in limited:
                continue
            reached = Q(**{f"{level}__in": (one.level, "")}) & ~Q(**{requester: one.holder_id})
            yield one, reached & Q(**{f"{kind}__in": one.kinds}) if one.kinds else reached


FEW = 10_000


def sight_of(user: Any) -> Sight:
    """A sight stands for itself, so that a page that shows several lists looks it up once."""
    if isinstance(user, Sight):
        return user
    if not user.is_active:
        return Sight(user.pk, (), False)
    return once(("sight", user.pk), lambda: _read_sight(user))


def _read_sight(user: Any) -> Sight:
    held = LevelHolder.objects.current().filter(user_id=user.pk).order_by("level__rank")
    holds = [(name, tuple(kinds.split())) for name, kinds in held.values_list("level__name", "kinds")]
    levels = tuple(name for name, _kinds in holds)
    sight = Sight(user.pk, levels, may_read(user), _limits(holds), stand_ins=stand_ins_of(user))
    return replace(sight, rarely=_decides_rarely(sight)) if sight.deciding else sight


_rarely: dict[Any, tuple[float, bool]] = {}


def _decides_rarely(sight: Sight) -> bool:
    """For the same levels the same for a minute, in this process: it decides how to look, not what is found."""
    key, now = (sight.deciding, sight.limits), time.monotonic()
    known = _rarely.get(key)
    if known is None or now - known[0] > 60:
        if len(_rarely) > 1_000:
            _rarely.clear()
        known = _rarely[key] = (now, _count_rarely(sight))
    return known[1]


def _count_rarely(sight: Sight) -> bool:
    """Whose requests they are, which costs a look at each, is not asked for this: it need not be exact."""
    steps = Step.objects.filter(level__in=sight.deciding).order_by() if sight.stand_ins else _in_chains_of(sight)
    return steps[: FEW + 1].count() <= FEW


def stand_ins_of(user: Any) -> tuple[StandIn, ...]:
    """Limited to the kinds that their delegator's level is limited to."""
    lent = Delegation.objects.current().filter(delegate_id=user.pk, delegator__levels_held__level=F("level"))
    rows = lent.order_by("pk").values_list(
        "level__name", "delegator__levels_held__kinds", "until_day",
        "delegator_id", "delegator__first_name", "delegator__last_name", "delegator__username",
    )  # fmt: skip
    return tuple(
        StandIn(level, pk, f"{first} {last}".strip() or username, tuple(kinds.split()), until)
        for level, kinds, until, pk, first, last, username in rows
    )


def _limits(holds: list[tuple[str, tuple[str, ...]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    limited = tuple((name, kinds) for name, kinds in holds if kinds)
    if not limited or len(limited) < len(holds):
        return limited
    return (*limited, ("", tuple(sorted({kind for _name, kinds in limited for kind in kinds}))))


def _in_chains_of(sight: Sight) -> QuerySet[Step]:
    """Steps at which this person decides, whatever state they are in."""
    reached = sight.within("level", "request__kind")
    for _one, condition in sight.lent("level", "request__kind", "request__requester_id"):
        reached |= condition
    return Step.objects.filter(reached, level__in=sight.deciding).order_by()


def visible(sight: Sight) -> QuerySet[Request]:
    """One's own requests, and those with a level in the chain that one decides at; auditors and admins see all."""
    if sight.everything:
        return Request.objects.all()
    own = Q(requester_id=sight.user_id)
    return Request.objects.filter(own | _in_chain(sight) if sight.deciding else own)


def visible_apart(sight: Sight) -> tuple[QuerySet[Request], QuerySet[Request]]:
    """The same in two parts, one's own and the others: asked for as one, the index of neither could be used."""
    own = Q(requester_id=sight.user_id)
    others = Q(requester=None) | ~own
    if not sight.everything:
        others &= _in_chain(sight, joined=connection.vendor == "postgresql") if sight.deciding else Q(pk__in=[])
    return Request.objects.filter(own), Request.objects.filter(others)


def _in_chain(sight: Sight, *, joined: bool = False) -> Q:
    """A level that this person decides at is in the chain. ``joined``: as PostgreSQL counts best."""
    chains = _in_chains_of(sight)
    if sight.rarely or joined:
        return Q(pk__in=chains.values("request_id"))
    # Not "equal", or PostgreSQL would first make a table of every step of these levels: one look for each row walked.
    return Q(Exists(chains.filter(request__gte=OuterRef("pk"), request__lte=OuterRef("pk"))))


def visible_to(user: Any) -> QuerySet[Request]:
    return visible(sight_of(user))


def get_request_for(user: Any, uuid: UUID) -> Request:
    """The first line of every view: nobody holds a request without having been checked."""
    found = visible_to(user).select_related("requester").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found
