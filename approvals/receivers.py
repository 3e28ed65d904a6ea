"""What a change of levels means for pages that are open: nothing more is delivered before it was looked up again."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from approvals.models import Level, LevelHolder
from live.hub import forget_grants


def connect() -> None:
    """Called when the app is ready."""
    for sender in (Level, LevelHolder):
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=sender, dispatch_uid=f"approvals.{sender.__name__}.{id(signal)}")


def _changed(instance: Any, **_more: Any) -> None:
    """Somebody's level: that person's grants. A level itself: everybody's."""
    user = instance.user_id if isinstance(instance, LevelHolder) else None
    transaction.on_commit(lambda: forget_grants(user))


def stand_in_changed(user_id: int) -> None:
    """For whom somebody stands in: that person's grants. Called in the transaction that changes it."""
    transaction.on_commit(lambda: forget_grants(user_id))
