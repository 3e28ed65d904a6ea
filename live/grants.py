"""What a viewer may watch: read from the database, kept in memory for seconds, dropped at once when people change."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils.crypto import constant_time_compare

from live import outlooks
from live.once import remembering
from live.regions import find
from live.rendering import Piece

MAX_AGE = 4.0
"""Seconds. Nothing is delivered on a grant that is older: the promise is 5, the rest is for the sending."""

_KEPT = 10_000
_forgotten_all = 0.0
_forgotten: OrderedDict[Any, float] = OrderedDict()
_ended: OrderedDict[str, None] = OrderedDict()


@dataclass(frozen=True)
class Grant:
    """Who it is, their audience for each piece that they may watch, the outlook they chose. ``at``: reading began."""

    session_key: str
    user_pk: Any
    at: float
    audiences: Mapping[Piece, Hashable]
    chosen: outlooks.Chosen = ("", "")

    def holds(self) -> bool:
        """Young enough, and nothing has changed about this person since."""
        forgotten = max(_forgotten_all, _forgotten.get(self.user_pk, 0.0))
        return self.at > forgotten and self.left() > 0 and self.session_key not in _ended

    def left(self) -> float:
        """Seconds until it is too old."""
        return self.at + MAX_AGE - time.monotonic()


def check(session_key: str, pieces: Iterable[Piece]) -> Grant | None:
    """Ask the database. None: nobody is signed in with this session, or no longer."""
    at = time.monotonic()
    user = _signed_in(session_key)
    if user is None or session_key in _ended:
        return None
    with remembering():
        audiences = {piece: audience for piece in pieces for audience in _audience(user, piece)}
    return Grant(session_key, user.pk, at, audiences, outlooks.chosen_by(user))


def forget(user_pk: Any = None) -> None:
    """Have everybody's grant, or one person's, read again before anything more is delivered."""
    global _forgotten_all
    if user_pk is None:
        _forgotten_all = time.monotonic()
        return
    _remember(_forgotten, user_pk, time.monotonic())


def end(session_key: str) -> None:
    """This session is over, even if its row goes only in a moment (Django says "logged out" before it deletes it)."""
    _remember(_ended, session_key, None)


def _remember(kept: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _KEPT:
        kept.popitem(last=False)


def _signed_in(session_key: str) -> Any:
    """The active user of a session whose password is still that of the sign-in. Never writes, unlike Django's own."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key) if session_key else {}
    backend = str(session.get(BACKEND_SESSION_KEY, ""))
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(get_user_model()._meta.pk.to_python(session[SESSION_KEY]))
    if user is None or not user.is_active:
        return None
    known = session.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(known, one) for one in hashes) else None


def _audience(user: Any, piece: Piece) -> list[Hashable]:
    """The audience in a list; an empty one for what is unknown or not permitted."""
    region = find(piece.name)
    try:
        if region is None or not region.may_watch(user, piece.key):
            return []
        return [region.audience(user, piece.key)]
    except (ValueError, ValidationError, ObjectDoesNotExist):  # the key is from outside, and means nothing
        return []
