"""Who sees which request. Whatever you may not see does not exist for you: the fetch answers 404."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from approvals.models import LevelHolder, Request, Step
from approvals.once import once
from audit.queries import may_read


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

    @property
    def deciding(self) -> tuple[str, ...]:
        """The levels that this person decides at. A request without a level waits for anybody who holds one."""
        return (*self.levels, "") if self.levels else ()

    def decides_at(self, level: str, kind: str) -> bool:
        return level in self.deciding and kind in dict(self.limits).get(level, (kind,))

    def within(self, level: str = "current_level", kind: str = "kind") -> Q:
        """The limits to kinds as a condition on these columns."""
        limits = Q()
        for name, kinds in self.limits:
            limits &= ~Q(**{level: name}) | Q(**{f"{kind}__in": kinds})
        return limits


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
    sight = Sight(user.pk, levels, may_read(user), _limits(holds))
    return replace(sight, rarely=_in_chains_of(sight)[: FEW + 1].count() <= FEW) if levels else sight


def _limits(holds: list[tuple[str, tuple[str, ...]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    limited = tuple((name, kinds) for name, kinds in holds if kinds)
    if not limited or len(limited) < len(holds):
        return limited
    return (*limited, ("", tuple(sorted({kind for _name, kinds in limited for kind in kinds}))))


def _in_chains_of(sight: Sight) -> QuerySet[Step]:
    chains = Step.objects.filter(sight.within("level", "request__kind"), level__in=sight.deciding)
    return chains.order_by()


def visible(sight: Sight) -> QuerySet[Request]:
    """One's own requests, and those with a level of one's own in the chain; auditors and admins see all."""
    if sight.everything:
        return Request.objects.all()
    own = Q(requester_id=sight.user_id)
    if not sight.levels:
        return Request.objects.filter(own)
    if sight.rarely:
        return Request.objects.filter(own | Q(pk__in=_in_chains_of(sight).values("request_id")))
    return Request.objects.filter(own | Exists(_in_chains_of(sight).filter(request=OuterRef("pk"))))


def visible_to(user: Any) -> QuerySet[Request]:
    return visible(sight_of(user))


def get_request_for(user: Any, uuid: UUID) -> Request:
    """The first line of every view: nobody holds a request without having been checked."""
    found = visible_to(user).select_related("requester").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found
