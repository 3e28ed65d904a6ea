"""Who shares a list: people of the same levels read as one, as long as nothing on it differs between them."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, Q, QuerySet
from django.db.models.signals import post_save

from approvals.access import Sight, sight_of
from approvals.models import Request, Status, Step
from approvals.once import once
from live.hub import forget_grants

NOBODY = 0
"""No person has this key. As them one sees what the levels show, and nothing that is one's own."""


def audience_of(user: Any, view: str) -> Sight:
    """As whom the stream reads a view for this person: as anybody of their levels, where that is the same for them."""
    sight = sight_of(user)
    return sight if _differs(sight, view) else replace(sight, user_id=NOBODY)


def _differs(sight: Sight, view: str) -> bool:
    if view in ("mine", "decided"):
        return True
    if view == "closed" and not sight.everything and once(("asked ever", sight), _requests_of(sight).exists):
        return True
    return once(("differs", sight), lambda: _asks_or_is_barred(sight))  # what waits is counted in every view


def _requests_of(sight: Sight) -> QuerySet[Request]:
    return Request.objects.filter(requester_id=sight.user_id)


def _asks_or_is_barred(sight: Sight) -> bool:
    """One query: is something open their own, or waits at a level of theirs though they approved it at another?"""
    asks = Exists(_requests_of(sight).filter(closed_at=None))
    barred = Exists(_barred(sight)) if sight.deciding else Q(pk__in=[])
    return get_user_model().objects.filter(Q(asks) | barred, pk=sight.user_id).exists()


def _barred(sight: Sight) -> QuerySet[Step]:
    """Others can decide it, they cannot."""
    by = Q(decided_by_id=sight.user_id) | Q(on_behalf_of_id=sight.user_id)
    waits = {"request__closed_at": None, "request__status": Status.WAITING, "request__distinct_approvers": True}
    there = Step.objects.filter(by, state=Step.State.APPROVED, **waits)
    return there.filter(request__current_level__in=sight.deciding)


def connect() -> None:
    """Called when the app is ready."""
    post_save.connect(_asked, sender=Request, dispatch_uid="approvals.sharing")


def _asked(instance: Request, created: bool, **_more: Any) -> None:
    """Somebody's own request is new: what they see is looked up again; in other processes within 5 s."""
    if created and instance.requester_id:
        user_id = instance.requester_id
        transaction.on_commit(lambda: forget_grants(user_id))
