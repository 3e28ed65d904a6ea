"""Who shares a list: people of the same levels read as one, as long as nothing on it differs between them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.signals import post_save

from approvals.access import NOBODY, Sight, sight_of, sights_of
from approvals.models import Request, Status, Step
from approvals.once import once, remember
from live.grants import prepare_with
from live.hub import forget_grants


def audience_of(user: Any, view: str) -> Sight:
    """As whom the stream reads a view for this person: as anybody of their levels, where that is the same for them."""
    sight = sight_of(user)
    return sight if _differs(sight, view) else replace(sight, user_id=NOBODY)


def _differs(sight: Sight, view: str) -> bool:
    if view in ("mine", "decided"):
        return True
    if view == "closed" and not sight.everything and once(("asked ever", sight), _requests_of(sight).exists):
        return True
    return once(("differs", sight), lambda: bool(_apart([sight])))  # what waits is counted in every view


def prepare(users: Sequence[Any]) -> None:
    """For the grants of many: their sights, and who of them differs, in a few queries."""
    sights = sights_of(users)
    apart = _apart(sights)
    for sight in sights:
        remember(("differs", sight), sight.user_id in apart)


def _requests_of(sight: Sight) -> QuerySet[Request]:
    return Request.objects.filter(requester_id=sight.user_id)


def _apart(sights: Iterable[Sight]) -> set[int]:
    """Who has something open of their own, or approved at another level what now waits at one of theirs.

    One query for all who decide at the same levels.
    """
    alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for sight in sights:
        alike[sight.deciding].append(sight.user_id)
    return {pk for deciding, pks in alike.items() for pk in _asking_or_barred(deciding, pks)}


def _asking_or_barred(deciding: Sequence[str], pks: Sequence[int]) -> Iterable[int]:
    asks = Exists(Request.objects.filter(requester_id=OuterRef("pk"), closed_at=None))
    barred = Exists(_barred(deciding)) if deciding else Q(pk__in=[])
    return get_user_model().objects.filter(Q(asks) | barred, pk__in=pks).values_list("pk", flat=True)


def _barred(deciding: Sequence[str]) -> QuerySet[Step]:
    """Others can decide it, they cannot."""
    by = Q(decided_by_id=OuterRef("pk")) | Q(on_behalf_of_id=OuterRef("pk"))
    waits = {"request__closed_at": None, "request__status": Status.WAITING, "request__distinct_approvers": True}
    there = Step.objects.filter(by, state=Step.State.APPROVED, **waits)
    return there.filter(request__current_level__in=deciding)


def connect() -> None:
    """Called when the app is ready."""
    prepare_with(prepare)
    post_save.connect(_asked, sender=Request, dispatch_uid="approvals.sharing")


def _asked(instance: Request, created: bool, **_more: Any) -> None:
    """Somebody's own request is new: what they see is looked up again; in other processes within 5 s."""
    if created and instance.requester_id:
        user_id = instance.requester_id
        transaction.on_commit(lambda: forget_grants(user_id))
