"""Every write of accounts: preferences, and what the ledger keeps of passwords."""

import time
from typing import Any

from django.contrib.auth.models import User

from accounts.models import Kind, Preferences
from accounts.outbox import put
from audit.services import append
from live.writes import write

FIELDS = (
    "time_zone", "language", "level_waits", "outcome", "reminder", "question", "answer", "comment", "absence", "ops",
)  # fmt: skip
A_WHILE = 60
"""Seconds in which somebody gets one letter with a way to a new password, however often it is asked for."""


def save_preferences(*, by: User, **values: Any) -> None:
    """Their own. The ledger keeps the choice: it says later why somebody was not told."""
    with write():
        chosen, _new = Preferences.objects.get_or_create(user=by)
        changed = {name: values[name] for name in FIELDS if values[name] != getattr(chosen, name)}
        if not changed:
            return
        for name, value in changed.items():
            setattr(chosen, name, value)
        chosen.save()
        _enter(by, "account.preferences_changed", changed)


def note_new_password(*, by: User, how: str) -> None:
    """``how``: "changed" by somebody signed in, or "reset" by somebody who could read their mail."""
    with write():
        _enter(by, f"account.password_{how}", {}, known="signed_in" if how == "changed" else "system")


def ask_reset(*, users: list[User]) -> None:
    """By mail, through the outbox: the page answers at once, and the same for whoever does not exist."""
    with write():
        for user in users:
            put(kind=Kind.RESET, event=f"reset:{user.pk}:{int(time.time() // A_WHILE)}", people=[user])


def _enter(user: User, kind: str, data: dict[str, Any], *, known: str = "signed_in") -> None:
    append(stream=f"account:{user.pk}", kind=kind, actor=user.get_username(), known=known, data=data)
