"""Puts letters into the outbox, in the transaction of what they tell of: no event without them, none twice."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from accounts.models import Letter, preferences_of
from live.counting import count

S = Letter.State


def put(*, kind: str, event: str, people: Iterable[User], stream: str = "", data: dict[str, Any] | None = None) -> None:
    """A letter to each of them who wants this kind; putting the same event again adds nothing.

    Read the people with ``select_related("preferences")``, or each costs a query.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A letter is written with what it tells of: call this inside `with live.writes.write():`.")
    letters = [
        _letter(user, kind=kind, event=event, stream=stream, data=data or {})
        for user in people
        if preferences_of(user).wants(kind)
    ]
    _count_unreachable(event, [letter for letter in letters if letter.state == S.FAILED])
    Letter.objects.bulk_create(letters, ignore_conflicts=True, batch_size=200)


def _count_unreachable(event: str, letters: list[Letter]) -> None:
    """Each once, however often its event is put."""
    if letters:
        known = Letter.objects.filter(event=event, user__in=[letter.user_id for letter in letters]).count()
        count("mail", len(letters) - known, result=str(S.FAILED))


def _letter(user: User, **about: Any) -> Letter:
    """Somebody without an address cannot be told: that is written down as well, for others to see."""
    now = timezone.now()
    letter = Letter(user=user, name=user.get_full_name() or user.get_username(), made_at=now, next_at=now, **about)
    if not user.email:
        letter.state, letter.why, letter.tried_at = S.FAILED, Letter.Why.NO_ADDRESS, now
    return letter
