"""When to try again what could not be sent, and when to give it up: the same for letters and for webhooks."""

from datetime import datetime, timedelta

PATIENCE = timedelta(days=3)
FEW_TRIES = 5
"""Fewer never end it: it may be old because no worker ran."""
FIRST_WAIT = 5.0


def wait(tries: int, longest: float) -> timedelta:
    """After so many tries, ever longer."""
    return timedelta(seconds=min(FIRST_WAIT * 2 ** min(tries, 20), longest))


def rest(failures: int, longest: float) -> timedelta:
    """So long somebody who did not answer so often in a row is left alone."""
    return timedelta(seconds=min(2.0 ** min(failures, 20), longest))


def over(made_at: datetime, tries: int, now: datetime) -> bool:
    return now - made_at > PATIENCE and tries >= FEW_TRIES
