"""The pulse: every second each page is told that it still sees, and what is not well. Stale and silent is a lie."""

import asyncio
import logging
import time
from collections.abc import Collection

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from live.queries import System, system
from live.threads import checking
from live.viewer import Viewer

log = logging.getLogger(__name__)

EVERY = 1.0
SLOT = "live-pulse"


async def beat_for(viewers: Collection[Viewer]) -> None:
    """While there are viewers: rendered once a second per language and set of stale pieces."""
    failed = False
    while True:
        started = time.monotonic()
        try:
            state: System | None = await checking.run(system)
            failed = False
        except Exception:
            if not failed:
                log.exception("The state of the system cannot be read.")
            state, failed = None, True
        _offer(viewers, state)
        await asyncio.sleep(max(EVERY - (time.monotonic() - started), 0.1))


def _offer(viewers: Collection[Viewer], state: System | None) -> None:
    rendered: dict[tuple[str, tuple[str, ...]], str] = {}
    for viewer in viewers:
        stale = tuple(sorted(piece.element_id for piece, watcher in viewer.watching.items() if watcher.stale))
        key = (viewer.outlook.language, stale)
        if key not in rendered:
            rendered[key] = render_pulse(*key, state)
        viewer.offer(SLOT, rendered[key])


def render_pulse(language: str, stale: Collection[str], state: System | None) -> str:
    with translation.override(language):
        return _rendered(*_said(stale, state), stale)


def render_first() -> str:
    """What the page itself shows, and all that it can say without JavaScript: when it was made."""
    now = timezone.localtime().strftime("%H:%M:%S")
    return _rendered("asof", _("As of %(time)s") % {"time": now}, _("Reload the page to see what has changed since."))


def _rendered(state: str, words: str, title: str, stale: Collection[str] = ()) -> str:
    context = {"state": state, "words": words, "title": title, "as_of": f"{time.time():.3f}", "stale": " ".join(stale)}
    return render_to_string("live/pulse.html", context)


def _said(stale: Collection[str], state: System | None) -> tuple[str, str, str]:
    """The state, its words, and what it means for the reader. The worst is said."""
    if state is None:
        return "no-database", _("Database does not answer"), _("What you see is what was known last.")
    if not state.temporal_ok:
        return "no-temporal", _("Temporal does not answer"), _("What you see is what was known last.")
    if not state.worker_alive:
        return "no-worker", _("No worker runs"), _("Decisions are kept, and count as soon as a worker is back.")
    if stale:
        return (
            "stale",
            _("Partly old"),
            _("A part of this page cannot be read just now. It is tried again every second."),
        )
    return "live", _("Live"), _("The worker and Temporal answer.")
