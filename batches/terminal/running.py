"""Runs one command of ``manage.py batch``: whatever happens ends with a sentence and an exit code."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, OperationalError, connection
from django.utils.translation import gettext as _

from batches import finding
from batches.models import HELD_BACK, Batch, Failure
from batches.page import BatchPage, batch_page
from batches.terminal import mapreduce, starting, steering, telling, watching
from batches.terminal.exits import Exit, Stop, not_valid, of_batch
from batches.terminal.exporting import export
from batches.terminal.listing import show_list
from batches.terminal.meant import batch_meant, person
from batches.terminal.schedules import schedules
from batches.terminal.screen import Screen
from batches.terminal.starting import Begun
from worker.datasets.references import BadSource

Options = Mapping[str, Any]


def run(options: Options, screen: Screen) -> Exit:
    try:
        return _COMMANDS[options["what"]](options, screen)
    except Stop as stop:
        return screen.stop(stop)
    except ValidationError as error:
        return screen.stop(not_valid(error))
    except (BadSource, PermissionDenied) as error:
        return screen.stop(Stop(Exit.REFUSED, str(error)))
    except UnicodeEncodeError:
        return screen.stop(Stop(Exit.REFUSED, _("Something of what was given is no text in UTF-8.")))
    except BrokenPipeError:
        return screen.nobody_reads()
    except DatabaseError as error:
        if _nothing_is_there():
            said = _(
                "There is nothing of Leitstand in this database, so nothing was done. Name the folder that bin/up "
                "keeps its data in (LEITSTAND_DATA is %(folder)s now), or make its tables with manage.py migrate."
            )
            return screen.stop(Stop(Exit.REFUSED, said % {"folder": settings.DATA_DIR}))
        if not isinstance(error, OperationalError):
            raise
        said = _("The database cannot be used just now, so what came of it is not known: %(why)s")
        return screen.stop(Stop(Exit.UNKNOWN, said % {"why": error}))
    except KeyboardInterrupt:
        return screen.stop(Stop(Exit.UNKNOWN, _("Interrupted. What was ordered before stays ordered.")))


def _nothing_is_there() -> bool:
    try:
        return Batch._meta.db_table not in connection.introspection.table_names()
    except DatabaseError:
        return False


def _start(options: Options, screen: Screen) -> Exit:
    return _begun(starting.begin(options, person(options["as_user"])), options, screen)


def _mapreduce(options: Options, screen: Screen) -> Exit:
    return _begun(mapreduce.begin(options, person(options["as_user"])), options, screen)


def _begun(begun: Begun, options: Options, screen: Screen) -> Exit:
    row = begun.row
    started = _("%(batch)s is ordered.") if row.state in HELD_BACK else _("%(batch)s is started.")
    said = started if begun.new else _("%(batch)s was started before under this id.")
    said = said % {"batch": row.reference}
    if begun.unread:
        warning = _("Items of the file that cannot be read, and will fail: %(number)s.")
        screen.note(warning % {"number": f"{begun.unread:,}"})
    if options["watch"]:
        screen.note(f"{said} {row.uuid}")
        return watching.follow(row, options, screen)
    page = batch_page(str(row.uuid))
    waits = page.told.why in ("not_started", "held_back")
    screen.tell({**telling.as_data(page), "new": begun.new}, telling.silence(page) if waits else said, str(row.uuid))
    return Exit.UNKNOWN if page.told.why == "not_started" else of_batch(page.row, strict=False)


def _show(options: Options, screen: Screen) -> Exit:
    row = batch_meant(options["batch"])
    if options["watch"]:
        return watching.follow(row, options, screen)
    page = batch_page(str(row.uuid))
    return _item(page, options["item"], screen) if options["item"] else watching.shown(page, options, screen)


def _item(page: BatchPage, key: str, screen: Screen) -> Exit:
    found = finding.find(page.told, key)
    if found is None:
        said = _("No item of %(batch)s is called %(key)s.") % {"batch": page.row.reference, "key": key[:200]}
        raise Stop(Exit.NOT_FOUND, said)
    failure: Failure | None = found.failure
    names = ("key", "outcome", "number", "returned", "value", "problem")
    data = {name: getattr(found, name) for name in names} | {"error": failure.error if failure else ""}
    screen.tell(data, *(f"{name}: {value}" for name, value in data.items() if value not in ("", None)))
    return Exit.OK


_COMMANDS: Mapping[str, Callable[[Options, Screen], Exit]] = {
    "start": _start,
    "mapreduce": _mapreduce,
    "list": show_list,
    "show": _show,
    "export": export,
    "schedules": schedules,
    **dict.fromkeys(steering.ACTIONS, steering.steer),
}
