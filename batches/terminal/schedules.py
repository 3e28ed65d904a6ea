"""Schedules in a terminal: the list, one of them, and orders, through the services of the site."""

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _

from audit.models import Entry
from batches.clock import page, services
from batches.clock.page import Run, SchedulePage
from batches.clock.receipts import Receipt, receipt_of
from batches.clock.services import Click
from batches.models import Intervention, Schedule
from batches.release.shown import Asked
from batches.terminal.exits import Exit, Stop
from batches.terminal.meant import person
from batches.terminal.screen import Screen
from worker.reading import as_uuid

ORDERS = {
    "pause": services.pause,
    "resume": services.resume,
    "run": services.run_now,
    "put-back": services.put_back,
    "delete": services.delete,
}
DOES = ("list", "show", *ORDERS)
CODES = {"recorded": Exit.OK, "refused": Exit.REFUSED, "recording": Exit.UNKNOWN}


def schedules(options: Mapping[str, Any], screen: Screen) -> Exit:
    does = options["does"]
    if does == "list":
        pages = page.listed()
        screen.tell([as_data(found) for found in pages], *map(_line, pages))
        return Exit.OK
    found = meant(options["schedule"] or "")
    if does == "show":
        screen.tell(as_data(found), *_lines(found))
        return Exit.OK
    return _order(found.row, options, screen)


def meant(text: str) -> SchedulePage:
    """By S-3 or by its uuid."""
    number, uuid = re.fullmatch(r"[Ss]-([0-9]{1,18})", text.strip()), as_uuid(text.strip())
    if number and (row := Schedule.objects.filter(pk=int(number[1])).first()):
        uuid = row.uuid
    found = page.schedule_page(str(uuid)) if uuid else None
    if found is None:
        raise Stop(Exit.NOT_FOUND, _("There is no schedule %(name)s.") % {"name": text[:200] or _("without a name")})
    return found


def _order(row: Schedule, options: Mapping[str, Any], screen: Screen) -> Exit:
    if not options["as_user"]:
        raise Stop(Exit.REFUSED, _("--as: name the operator who acts."))
    click = Click(person(options["as_user"]), options["order_id"] or str(uuid4()), known=Entry.Known.PROGRAM)
    made = ORDERS[options["does"]](schedule=row, reason=options["reason"], click=click)
    receipt = _waited_for(made, max(options["timeout"], 0.0))
    batch = receipt.batch
    data = {"reference": row.reference, "uuid": str(row.uuid), "action": options["does"], "order": made.order_id}
    data |= {"state": receipt.state, "reason": str(receipt.words), "batch": str(batch.uuid) if batch else None}
    said = f"{row.reference}: {receipt.words}" + (f" {batch.reference}" if batch else "")
    if receipt.state == "refused":
        raise Stop(Exit.REFUSED, said, **data)
    screen.tell(data, said)
    return CODES[receipt.state]


def _waited_for(made: Intervention, patience: float) -> Receipt:
    """What became of it, as far as it is known by then."""
    until = time.monotonic() + patience
    while (found := receipt_of(made)).state == "recording" and time.monotonic() < until:
        time.sleep(0.2)
        made = Intervention.objects.select_related("schedule").get(pk=made.pk)
    return found


# --- told -------------------------------------------------------------------------------------------------------


def as_data(found: SchedulePage) -> dict[str, Any]:
    row = found.row
    return {
        "reference": row.reference,
        "uuid": str(row.uuid),
        "title": row.title,
        "job": row.spec.get("job"),
        "cron": row.cron,
        "time_zone": row.zone,
        "overlap": row.overlap,
        "paused": row.paused,
        "paused_reason": row.paused_reason,
        "paused_by": row.paused_by,
        "known_to_temporal": row.sent,
        "differs": row.differs or None,
        "deleted": row.deleted_at is not None,
        "next": [{"at": each.at.timestamp(), "file": each.file} for each in found.next] if not row.paused else [],
        "runs": [_run(run) for run in found.runs],
        "waiting": [_waiting(asked) for asked in found.waiting],
    }


def _waiting(asked: Asked) -> dict[str, Any]:
    """A batch that has not begun: whom it waits for, or that what was approved has changed since."""
    deadline = asked.deadline.timestamp() if asked.deadline else None
    about = {"batch": str(asked.batch.uuid), "reference": asked.batch.reference, "state": asked.batch.state}
    return {**about, "level": asked.level, "deadline": deadline}


def _run(run: Run) -> dict[str, Any]:
    batch = run.row.batch
    return {
        "at": run.row.at.timestamp(),
        "file": run.row.file,
        "batch": str(batch.uuid) if batch else None,
        "state": batch.state if batch else "left_out" if run.row.left_out else "not_begun",
        "cause": run.row.cause,
    }


def _line(found: SchedulePage) -> str:
    at = _clock(found.first.at) if found.first else "–"
    last = found.last.face.word if found.last else _("has not run yet")
    about = _("next %(next)s, last: %(last)s") % {"next": at, "last": last}
    return f"{found.row.reference:<6} {found.face.word!s:<20} {about:<44} {found.row.title}"


def _lines(found: SchedulePage) -> list[str]:
    row = found.row
    ahead = [f"  {_clock(each.at)}  {each.file}" for each in found.next] if not row.paused else []
    done = [
        f"  {_clock(run.row.at)}  {run.face.word}  {run.row.batch.reference if run.row.batch else run.row.cause}"
        for run in found.runs
    ]
    why = [f"{row.paused_by or 'Temporal'}: {row.paused_reason}"] if row.paused else []
    why += [_waits(asked) for asked in found.waiting]
    head = f"{row.reference} {row.title}: {found.face.word}. {found.words}, {row.zone}."
    return [head, *why, *([_("Next:"), *ahead] if ahead else []), *([_("Last:"), *done] if done else [])]


def _waits(asked: Asked) -> str:
    about = {"batch": asked.batch.reference, "level": asked.level}
    if asked.changed:
        return _("%(batch)s was approved, and has changed since: ask again on its page, or drop it there.") % about
    if asked.level:
        return _("%(batch)s waits until it is approved: %(level)s decides.") % about
    return _("%(batch)s waits until it is approved.") % about


def _clock(at: datetime) -> str:
    """In UTC: a terminal has no time zone of its own here."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
