"""Through what something was ordered here, for the ledger: on the site people sign in, in a terminal nobody does."""

from audit.models import Entry

TERMINAL = "manage.py batch"


def through(known: str) -> dict[str, str]:
    """Nothing to add where somebody was signed in, nor for what a schedule began: that is named beside it."""
    return {"through": TERMINAL} if known == Entry.Known.PROGRAM else {}
