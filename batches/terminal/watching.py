"""A batch is followed until it has ended: a bar on a terminal, lines in a log, nothing but the end as JSON."""

import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from batches.models import Batch
from batches.page import BatchPage, batch_page
from batches.terminal import telling
from batches.terminal.exits import Exit, Stop, of_batch
from batches.terminal.screen import Screen

OFTEN, SELDOM = 0.5, 1.0
"""Seconds between two looks: at a bar, and without one."""
EACH = 10.0
"""Seconds between two lines of a log, unless its state is another one."""


def follow(row: Batch, options: Mapping[str, Any], screen: Screen) -> Exit:
    """Interrupting it touches nothing but this: the batch goes on."""
    seconds = options["timeout"]
    until = time.monotonic() + seconds if seconds is not None else None
    try:
        page = _until_ended(row, screen, until)
    except KeyboardInterrupt:
        raise Stop(Exit.UNKNOWN, _goes_on(row), batch=str(row.uuid)) from None
    if page.row.closed_at is None:
        said = _("%(batch)s has not ended within %(seconds)s s. It goes on.")
        said = said % {"batch": row.reference, "seconds": f"{seconds:g}"}
        raise Stop(Exit.UNKNOWN, said, batch=telling.as_data(page))
    return shown(page, options, screen)


def _goes_on(row: Batch) -> str:
    said = _("%(batch)s goes on. To look again: manage.py batch show %(batch)s --watch")
    return said % {"batch": row.reference}


def _until_ended(row: Batch, screen: Screen, until: float | None) -> BatchPage:
    written, state = float("-inf"), ""
    while True:
        page = batch_page(str(row.uuid))
        now = time.monotonic()
        if page.row.closed_at or (until is not None and now >= until):
            screen.wipe()
            return page
        if screen.is_terminal and not screen.as_json:
            screen.draw(telling.drawn(page, screen.width, blocks=screen.draws_blocks))
        elif now - written >= EACH or page.state != state:
            screen.note(telling.short(page))
            written, state = now, page.state
        pause = OFTEN if screen.is_terminal else SELDOM
        time.sleep(pause if until is None else max(0.0, min(pause, until - now)))


def shown(page: BatchPage, options: Mapping[str, Any], screen: Screen) -> Exit:
    """As it is. What could not be asked is not known yet."""
    screen.tell(telling.as_data(page), *telling.lines(page))
    if page.row.closed_at is None and page.told.why in (*telling.SILENT, "not_started"):
        return Exit.UNKNOWN
    return of_batch(page.row, strict=options["strict"])
