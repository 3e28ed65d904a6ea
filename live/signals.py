"""What drops grants at once: sign-out, and any change of a user, a group, or who is in which."""

from typing import Any

from django.contrib.auth import get_user_model, user_logged_out
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from live import grants
from live.hub import forget_grants


def connect() -> None:
    user = get_user_model()
    user_logged_out.connect(_logged_out, dispatch_uid="live.logged_out")
    post_save.connect(_user_saved, sender=user, dispatch_uid="live.user_saved")
    for sender in (user, Group, Session):
        post_delete.connect(_changed, sender=sender, dispatch_uid=f"live.{sender.__name__}.deleted")
    post_save.connect(_changed, sender=Group, dispatch_uid="live.group_saved")
    for through in (user.groups.through, user.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(_membership, sender=through, dispatch_uid=f"live.{through.__name__}.changed")


def _logged_out(request: Any = None, **_more: Any) -> None:
    """Sent before the session is deleted: so this session is marked, not only looked at again."""
    if request is not None and request.session.session_key:
        grants.end(request.session.session_key)
    forget_grants()


def _user_saved(instance: Any, update_fields: Any = None, **_more: Any) -> None:
    if update_fields is not None and set(update_fields) <= {"last_login"}:
        return  # signing in changes nobody's rights
    pk = instance.pk
    transaction.on_commit(lambda: forget_grants(pk))


def _membership(action: str, **_more: Any) -> None:
    if action.startswith("post_"):
        transaction.on_commit(forget_grants)


def _changed(**_more: Any) -> None:
    transaction.on_commit(forget_grants)
