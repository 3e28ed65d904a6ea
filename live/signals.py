"""What drops grants at once: sign-out, and any change of a user, a group, or who is in which."""

from typing import Any

from django.contrib.auth import get_user_model, user_logged_out
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from live.hub import end_session, forget_grants


def connect() -> None:
    user = get_user_model()
    user_logged_out.connect(_logged_out, dispatch_uid="live.logged_out")
    post_delete.connect(_session_deleted, sender=Session, dispatch_uid="live.session_deleted")
    for signal, name in ((post_save, "saved"), (post_delete, "deleted")):
        signal.connect(_user_changed, sender=user, dispatch_uid=f"live.user_{name}")
        signal.connect(_group_changed, sender=Group, dispatch_uid=f"live.group_{name}")
    for through in (user.groups.through, user.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(_membership_changed, sender=through, dispatch_uid=f"live.{through.__name__}")


def _logged_out(request: Any = None, **_more: Any) -> None:
    """Sent before the session is deleted: to look again now would find it still there."""
    if request is not None and request.session.session_key:
        end_session(request.session.session_key)


def _session_deleted(instance: Session, **_more: Any) -> None:
    key = instance.session_key
    transaction.on_commit(lambda: end_session(key))


def _user_changed(instance: Any, update_fields: Any = None, **_more: Any) -> None:
    if update_fields is not None and set(update_fields) <= {"last_login"}:
        return  # signing in changes nobody's rights
    pk = instance.pk
    transaction.on_commit(lambda: forget_grants(pk))


def _group_changed(**_more: Any) -> None:
    transaction.on_commit(forget_grants)


def _membership_changed(action: str, **_more: Any) -> None:
    if action.startswith("post_"):
        transaction.on_commit(forget_grants)
