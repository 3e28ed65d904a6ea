"""Who sees which request. Whatever you may not see does not exist for you: the fetch answers 404."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from approvals.counting import count_together
from approvals.holders import day_of
from approvals.models import Delegation, LevelHolder, Request, Step
from approvals.once import once, remember
from audit.queries import readers_among

Holds = list[tuple[str, tuple[str, ...]]]
"""Levels that somebody holds, lowest first, each with the kinds that it is limited to."""

FEW, SOME = 2_500, 10_000
"""So many in whose chain one decides are looked up one by one; so many are, if a search leaves few of them."""
MANY = 2


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
    reach: tuple[int, int] = (MANY, MANY)
    """Of the open requests, and of the closed, how many have a level of theirs in the chain: 0 few, 1 some, 2 many."""
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

    @property
    def unlimited(self) -> tuple[str, ...]:
        """The levels of their own at which they decide whatever kind of request it is."""
        return tuple(level for level in self.own if level not in dict(self.limits))

    def rights_at(self, level: str) -> list[tuple[StandIn | None, tuple[str, ...]]]:
        """In whose right they decide there (None: their own), and for which kinds (none: for every)."""
        limited = dict(self.limits)
        own: list[tuple[StandIn | None, tuple[str, ...]]] = [(None, limited.get(level, ()))] * (level in self.own)
        if own and level not in limited:
            return own
        adding = [one for one in self.stand_ins if one.level not in self.levels or one.level in limited]
        return own + [(one, one.kinds) for one in adding if level in (one.level, "")]


NOBODY = 0
"""No person has this key. As them one sees what the levels show, and nothing that is one's own."""


def sight_of(user: Any) -> Sight:
    """A sight stands for itself, so that a page that shows several lists looks it up once."""
    if isinstance(user, Sight):
        return user
    if not user.is_active:
        return Sight(user.pk, (), False)
    return once(("sight", user.pk), lambda: _read_sights([user])[0])


def sights_of(users: Sequence[Any]) -> list[Sight]:
    """Those of many active people, in as many queries as that of one; each is then remembered as theirs."""
    sights = _read_sights(users)
    for sight in sights:
        remember(("sight", sight.user_id), sight)
    return sights


def _read_sights(users: Sequence[Any]) -> list[Sight]:
    pks = [user.pk for user in users]
    held, lent, readers = _held_by(pks), _lent_to(pks), readers_among(users)
    return [_sight(pk, held[pk], pk in readers, tuple(lent[pk])) for pk in pks]


def _sight(pk: int, holds: Holds, everything: bool, stand_ins: tuple[StandIn, ...]) -> Sight:
    levels = tuple(name for name, _kinds in holds)
    sight = Sight(pk, levels, everything, _limits(holds), stand_ins=stand_ins)
    return replace(sight, reach=_reach_of(sight)) if sight.deciding and not sight.everything else sight


def _held_by(pks: Collection[int]) -> defaultdict[int, Holds]:
    found: defaultdict[int, Holds] = defaultdict(list)
    held = LevelHolder.objects.current().filter(user_id__in=pks).order_by("level__rank")
    for pk, name, kinds in held.values_list("user_id", "level__name", "kinds"):
        found[pk].append((name, tuple(kinds.split())))
    return found


_reach: dict[Any, tuple[float, tuple[int, int]]] = {}


def _reach_of(sight: Sight) -> tuple[int, int]:
    """For the same levels the same for a minute, in this process: it decides how to look, not what is found."""
    key, now = (sight.deciding, sight.limits), time.monotonic()
    known = _reach.get(key)
    if known is None or now - known[0] > 60:
        if len(_reach) > 1_000:
            _reach.clear()
        known = _reach[key] = (now, _count_reach(sight))
    return known[1]


def forget() -> None:
    """For tests, each of which has rows of its own."""
    _reach.clear()


def _count_reach(sight: Sight) -> tuple[int, int]:
    """Whose requests they are, and of which kind, costs a look at each and is not asked: it need not be exact."""
    steps = Step.objects.filter(level__in=sight.deciding)
    counts = count_together(*[[steps.filter(closed_at__isnull=empty)] for empty in (True, False)], cap=SOME)
    few, many = ((count > FEW) + (count > SOME) for count in counts)
    return few, many


def _lent_to(pks: Collection[int]) -> defaultdict[int, list[StandIn]]:
    """Limited to the kinds that their delegator's level is limited to. Most stand in for nobody: asked first."""
    found: defaultdict[int, list[StandIn]] = defaultdict(list)
    standing = Delegation.objects.standing(day_of(timezone.now())).filter(delegate_id__in=pks)
    delegates = set(standing.values_list("delegate_id", flat=True))
    if not delegates:
        return found
    lent = Delegation.objects.current().filter(delegate_id__in=delegates, delegator__levels_held__level=F("level"))
    rows = lent.order_by("pk").values_list(
        "delegate_id", "level__name", "delegator__levels_held__kinds", "until_day",
        "delegator_id", "delegator__first_name", "delegator__last_name", "delegator__username",
    )  # fmt: skip
    for delegate, level, kinds, until, pk, first, last, username in rows:
        name = f"{first} {last}".strip() or username
        found[delegate].append(StandIn(level, pk, name, tuple(kinds.split()), until))
    return found


def _limits(holds: Holds) -> tuple[tuple[str, tuple[str, ...]], ...]:
    limited = tuple((name, kinds) for name, kinds in holds if kinds)
    if not limited or len(limited) < len(holds):
        return limited
    return (*limited, ("", tuple(sorted({kind for _name, kinds in limited for kind in kinds}))))


def chains(sight: Sight, levels: tuple[str, ...] | None = None) -> QuerySet[Step]:
    """Steps at which this person decides (at these levels only), whatever state they are in."""
    levels = sight.deciding if levels is None else levels
    return Step.objects.filter(at_levels(sight, levels, "level", "request__kind", "request__requester_id")).order_by()


def at_levels(
    sight: Sight, levels: Iterable[str], level: str, kind: str, requester: str, also: Callable[[int], Q] | None = None
) -> Q:
    """Which of these levels reach this person, as a condition on these columns that says each thing once.

    PostgreSQL would take what is said twice for twice as rare. ``also``: what else must be true of a delegator.
    """
    rights = {name: sight.rights_at(name) for name in levels}
    free = [name for name in rights if name in sight.unlimited]
    reached = [Q(**({f"{level}__in": free} if len(free) > 1 else {level: free[0]}))] if free else []
    for name, found in rights.items():
        for lent, kinds in () if name in free else found:
            condition = Q(**{level: name}, **({f"{kind}__in": kinds} if kinds else {}))
            if lent:  # never what its delegator asked for themself
                condition &= ~Q(**{requester: lent.holder_id}) & (also(lent.holder_id) if also else Q())
            reached.append(condition)
    return reduce(or_, reached, Q()) if reached else Q(pk__in=[])


def visible(sight: Sight) -> QuerySet[Request]:
    """One's own requests, and those with a level in the chain that one decides at; auditors and admins see all."""
    if sight.everything:
        return Request.objects.all()
    own = Q(requester_id=sight.user_id)
    return Request.objects.filter(own | _looked_up(chains(sight)) if sight.deciding else own)


def _looked_up(steps: QuerySet[Step], key: str = "pk") -> Q:
    # Not "equal", or PostgreSQL would first make a table of every step of these levels: one look for each row walked.
    return Q(Exists(steps.filter(request__gte=OuterRef(key), request__lte=OuterRef(key))))


def visible_apart(
    sight: Sight, *, closed: bool, narrowed: bool = False, key: str = "pk"
) -> Iterator[tuple[str, QuerySet[Request]]]:
    """The same of those that are open, or closed, in lists for each of which there is an index; they may overlap.

    Each with why they are seen: "all", or one's "own", or by the "chain".

    Few in whose chain one decides (``narrowed``: even some) are looked up, else all are gone through in order. ``key``:
    the column of a request's id; one of a table that is joined has the rows looked at after they were joined.
    """
    state = Q(closed_at__isnull=not closed)
    if sight.everything:
        yield "all", Request.objects.filter(state)
        return
    steps, own = chains(sight).filter(state), Q(requester_id=sight.user_id)
    if sight.deciding and sight.reach[closed] > (1 if narrowed else 0):
        yield "all", Request.objects.filter(own | _looked_up(steps, key), state)
        return
    yield "own", Request.objects.filter(own, state)
    if sight.deciding:
        yield "chain", Request.objects.filter(state, pk__in=steps.values("request_id"))


def visible_to(user: Any) -> QuerySet[Request]:
    return visible(sight_of(user))


def get_request_for(user: Any, uuid: UUID) -> Request:
    """The first line of every view: nobody holds a request without having been checked."""
    found = visible_to(user).select_related("requester").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found
