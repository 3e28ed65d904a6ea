"""What viewers may watch: read from the database, kept in memory for seconds, dropped at once when people change."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from live import outlooks
from live.once import remembering
from live.regions import find
from live.rendering import Piece
from live.sessions import signed_in

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


class Asked(NamedTuple):
    """By one viewer."""

    session_key: str
    pieces: Sequence[Piece]


Answer = Grant | Exception | None
"""None: nobody is signed in with this session, or no longer. An exception: it cannot be said."""

Preparing = Callable[[Sequence[Any]], None]
_preparing: list[Preparing] = []


def prepare_with(prepare: Preparing) -> None:
    """Registered when an app is ready: reads for many people at once what their audiences need, and remembers it.

    By ``live.once``, or on the users themselves. It may only save queries: what it leaves out is asked for each alone.
    """
    _preparing.append(prepare)


def check(asked: Sequence[Asked]) -> list[Answer]:
    """Ask the database, for all of them together. What one of them makes fail is theirs alone."""
    at = time.monotonic()
    users = signed_in({one.session_key for one in asked})
    with remembering():
        people = list({user.pk: user for user in users.values()}.values())
        for prepare in _preparing:
            prepare(people)
        return [_answer(one, users.get(one.session_key), at) for one in asked]


def _answer(asked: Asked, user: Any, at: float) -> Answer:
    if user is None or asked.session_key in _ended:
        return None
    try:
        audiences = {piece: audience for piece in asked.pieces for audience in _audience(user, piece)}
        return Grant(asked.session_key, user.pk, at, audiences, outlooks.chosen_by(user))
    except Exception as error:
        return error


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


def _audience(user: Any, piece: Piece) -> list[Hashable]:
    """The audience in a list; an empty one for what is unknown or not permitted."""
    region = find(piece.name)
    try:
        if region is None or not region.may_watch(user, piece.key):
            return []
        return [region.audience(user, piece.key)]
    except (ValueError, ValidationError, ObjectDoesNotExist):  # the key is from outside, and means nothing
        return []
