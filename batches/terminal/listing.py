"""The list of batches in a terminal: the same rows in the same order as on the site."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from batches import asking, figures
from batches.listing import listed
from batches.page import BatchPage
from batches.terminal import telling
from batches.terminal.exits import Exit
from batches.terminal.screen import Screen


def show_list(options: Mapping[str, Any], screen: Screen) -> Exit:
    asked = asking.read({"view": options["view"], "q": options["search"]})
    pages = list(islice(_pages(asked), max(options["most"], 0)))
    screen.tell([telling.as_data(page) for page in pages], *map(_line, pages))
    if not pages:
        screen.note(_("There is no such batch.") if asked.q else _("There are none."))
    silent = next((page for page in pages if page.told.why in telling.SILENT), None)
    if silent is None:
        return Exit.OK
    screen.note(telling.silence(silent))
    return Exit.UNKNOWN


def _pages(asked: asking.Asked) -> Iterator[BatchPage]:
    """Page after page, each read when it is wanted."""
    while True:
        found = listed(asked)
        yield from found.rows
        if not found.following:
            return
        following = asking.of_key(found.following)
        assert following is not None
        asked = following


def _line(page: BatchPage) -> str:
    failed = figures.digits(page.progress["failed"])
    total = figures.digits(page.progress["total"])
    about = _("%(done)s %% of %(total)s, %(failed)s failed") % {"done": page.done, "total": total, "failed": failed}
    return f"{page.row.reference:<7} {page.face.word!s:<18} {about:<32} {page.row.title}"
