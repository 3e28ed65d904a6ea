"""Who is signed in with which session: asked for many at once, in two queries."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

Payload = dict[str, Any]


def signed_in(session_keys: Collection[str]) -> dict[str, Any]:
    """The active user of each session whose password is still that of the sign-in; of one person, one object.

    By the rules of Django's own ``get_user``, for sessions in the database and ``ModelBackend``; but it never writes.
    """
    payloads = _payloads(session_keys)
    users = _active({payload[SESSION_KEY] for payload in payloads.values()})
    found = {key: users.get(payload[SESSION_KEY]) for key, payload in payloads.items()}
    return {key: user for key, user in found.items() if user is not None and _same_password(user, payloads[key])}


def _payloads(session_keys: Collection[str]) -> dict[str, Payload]:
    """Of those that are not over, and in which somebody signed in by a way that still counts."""
    rows = Session.objects.filter(session_key__in=set(session_keys), expire_date__gt=timezone.now())
    payloads = {row.session_key: row.get_decoded() for row in rows}
    ways = settings.AUTHENTICATION_BACKENDS
    return {key: one for key, one in payloads.items() if SESSION_KEY in one and one.get(BACKEND_SESSION_KEY) in ways}


def _active(claims: Collection[str]) -> dict[str, Any]:
    """By their key as the sessions write it."""
    people = get_user_model()._default_manager.filter(pk__in=claims, is_active=True)
    return {people.model._meta.pk.value_to_string(user): user for user in people}


def _same_password(user: Any, payload: Payload) -> bool:
    known = payload.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, one) for one in hashes)
