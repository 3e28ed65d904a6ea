"""Who sees which request. Whatever you may not see does not exist for you: the fetch answers 404."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from approvals.models import LevelHolder, Request, Step
from audit.queries import may_read


@dataclass(frozen=True)
class Sight:
    """What one person may see and decide; read once per page."""

    user_id: int
    levels: tuple[str, ...]
    everything: bool

    @property
    def deciding(self) -> tuple[str, ...]:
        """The levels that this person decides at. A request without a level waits for anybody who holds one."""
        return (*self.levels, "") if self.levels else ()


def sight_of(user: Any) -> Sight:
    if not user.is_active:
        return Sight(user.pk, (), False)
    levels = LevelHolder.objects.filter(user_id=user.pk).order_by("level__rank").values_list("level__name", flat=True)
    return Sight(user.pk, tuple(levels), may_read(user))


def visible(sight: Sight) -> QuerySet[Request]:
    """One's own requests, and those with a level of one's own in the chain; auditors and admins see all."""
    if sight.everything:
        return Request.objects.all()
    own = Q(requester_id=sight.user_id)
    if not sight.levels:
        return Request.objects.filter(own)
    in_chain = Step.objects.filter(request=OuterRef("pk"), level__in=sight.deciding)
    return Request.objects.filter(own | Exists(in_chain))


def visible_to(user: Any) -> QuerySet[Request]:
    return visible(sight_of(user))


def get_request_for(user: Any, uuid: UUID) -> Request:
    """The first line of every view: nobody holds a request without having been checked."""
    found = visible_to(user).select_related("requester").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found
