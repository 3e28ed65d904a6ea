"""In whose words and hours a person's live pages are said: an app that knows what they chose is asked."""

from collections.abc import Callable
from typing import Any

from live.rendering import Outlook

Chosen = tuple[str, str]
"""Language and time zone; "" for what was not chosen."""

_asked: list[Callable[[Any], Chosen]] = []


def ask(chosen_by: Callable[[Any], Chosen]) -> None:
    """Registered when the app is ready; the last one counts."""
    _asked[:] = [chosen_by]


def chosen_by(user: Any) -> Chosen:
    return _asked[0](user) if _asked else ("", "")


def outlook(chosen: Chosen, usual: Outlook) -> Outlook:
    """What was chosen; for the rest what the browser says, and the site's zone."""
    language, zone = chosen
    return Outlook(language or usual.language, zone or usual.time_zone)
