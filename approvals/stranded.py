"""Open requests with a level at which nobody can decide any more: the requester, the absent and the used up aside.

Who only stands in for somebody is no way out: they may decide where that one may decide too, and nowhere else.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import Level, LevelHolder, Policy, Request, Status, Step
from approvals.rows import level_titles

MOST = 5_000
"""So many are found at most: who strands more than that by one change is told in time."""
UNDECIDED = (Step.State.PENDING, Step.State.OPEN)
_FRESH = 5.0


class Holders:
    """Who may decide at each level, by kind; read once, and asked often."""

    def __init__(self, at: datetime | None = None) -> None:
        self.levels = ["", *Level.objects.values_list("name", flat=True)]
        self._everywhere: defaultdict[str, set[int]] = defaultdict(set)
        self._limited: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        found = LevelHolder.objects.current(at=at).order_by()
        for level, user, kinds in found.values_list("level__name", "user_id", "kinds"):
            for name in (level, ""):
                for kind in kinds.split():
                    self._limited[name, kind].add(user)
                if not kinds:
                    self._everywhere[name].add(user)

    def of(self, level: str, kind: str) -> set[int]:
        return self._everywhere[level] | self._limited.get((level, kind), set())

    def cases(self, level: str) -> Iterator[tuple[Q, set[int]]]:
        """Every kind with the people who decide it at this level: those with limits one by one, then all others."""
        special = {kind for name, kind in self._limited if name == level}
        yield ~Q(request__kind__in=special), self._everywhere[level]
        for kind in special:
            yield Q(request__kind=kind), self.of(level, kind)


def stuck(at: datetime | None = None) -> dict[int, tuple[str, ...]]:
    """Ids of open requests, each with the levels at which nobody can decide."""
    holders, found = Holders(at), {}
    for request in _suspects(holders):
        open_levels = [step.level for step in request.steps.all() if step.state in UNDECIDED]
        gone = {pk for step in request.steps.all() for pk in (step.decided_by_id, step.on_behalf_of_id) if pk}
        if levels := undecidable(
            open_levels,
            {level: holders.of(level, request.kind) for level in open_levels},
            requester=None if request.self_approval else request.requester_id,
            gone=gone if request.distinct_approvers else set(),
            distinct=request.distinct_approvers,
        ):
            found[request.pk] = levels
    return found


def undecidable(
    levels: Sequence[str], can: Mapping[str, set[int]], *, requester: int | None, gone: Iterable[Any], distinct: bool
) -> tuple[str, ...]:
    """The levels that find nobody. Where one person decides one level only, two levels may need the same person."""
    barred = {requester, *gone}
    left = {level: can[level] - barred for level in levels}
    if not distinct:
        return tuple(level for level in levels if not left[level])
    taken: dict[int, str] = {}
    return tuple(level for level in levels if not _seat(level, left, taken, set()))


def _seat(level: str, left: Mapping[str, set[int]], taken: dict[int, str], tried: set[int]) -> bool:
    """Give this level a person of its own, moving others on where they have a choice (an augmenting path)."""
    for person in left[level] - tried:
        tried.add(person)
        if person not in taken or _seat(taken[person], left, taken, tried):
            taken[person] = level
            return True
    return False


def _suspects(holders: Holders) -> Iterator[Request]:
    """Only where few hold a level can it find nobody: so the many requests of the others are not even read."""
    ids: set[int] = set()
    for level in holders.levels:
        waits = Step.objects.filter(level=level, state__in=UNDECIDED, request__closed_at=None)
        for kinds, people in holders.cases(level):
            if len(people) < len(holders.levels):
                ids.update(
                    _few(waits.filter(kinds), level, people, holders).values_list("request_id", flat=True)[:MOST]
                )
    batches = sorted(ids)[:MOST]
    for start in range(0, len(batches), 500):
        wanted = Request.objects.filter(pk__in=batches[start : start + 500], status=Status.WAITING)
        yield from wanted.prefetch_related("steps")


def _few(waits: QuerySet[Step], level: str, people: set[int], holders: Holders) -> QuerySet[Step]:
    """Those of which the requester, or somebody who has decided already, is among the few; or two levels share them."""
    waits = waits.order_by()
    if not people:
        return waits
    theirs = Q(decided_by_id__in=people) | Q(on_behalf_of_id__in=people)
    decided = Step.objects.filter(theirs, request__closed_at=None).values("request_id")
    shared = [name for name in holders.levels if name != level and _within(holders, name, people)]
    return waits.filter(
        Q(request__requester_id__in=people)
        | Q(request_id__in=decided)
        | Q(request__steps__level__in=shared, request__steps__state__in=UNDECIDED)
    )


def _within(holders: Holders, level: str, people: set[int]) -> bool:
    """Whether another level has, for some kind, nobody but these people."""
    return any(others and others <= people for _kinds, others in holders.cases(level))


@dataclass(frozen=True)
class Stranded:
    """One request and the titles of the levels at which nobody can decide, as pages say it."""

    request: Request
    levels: tuple[str, ...]


def shown(found: Mapping[int, tuple[str, ...]], most: int = 20) -> list[Stranded]:
    titles = level_titles()
    rows = Request.objects.filter(pk__in=list(found)[:most]).select_related("requester").order_by("pk")
    return [Stranded(row, tuple(titles.get(name, name) for name in found[row.pk])) for row in rows]


_last: tuple[float, dict[int, tuple[str, ...]]] = (float("-inf"), {})


def for_home(user: Any, most: int = 5) -> tuple[list[Stranded], int]:
    """What an admin has to solve, and how many there are; looked up once in some seconds, however many admins look."""
    global _last
    if not user.is_superuser:
        return [], 0
    if time.monotonic() > _last[0] + _FRESH:
        _last = (time.monotonic(), stuck())
    return shown(_last[1], most), len(_last[1])


def nobody_for(policy: Policy, levels: Sequence[str], requester: int | None) -> tuple[str, ...]:
    """Of the chain that a new request would get, the levels that would find nobody."""
    holders = Holders()
    return undecidable(
        levels,
        {level: holders.of(level, policy.kind) for level in levels},
        requester=None if policy.self_approval else requester,
        gone=(),
        distinct=policy.distinct_approvers,
    )
