"""What ops do to schedules: row, history and ledger in one transaction; Temporal is told afterwards, and told again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.ordering.receipts import is_order_id
from audit.models import Entry
from audit.services import append
from batches.clock import asked, names, sending
from batches.clock.differing import EXAMPLE, NOT_OURS, differing, plain
from batches.models import Intervention, Schedule, Upload
from batches.starting import services as starting
from batches.through import through
from circuits.access import is_ops
from live.writes import write

A = Intervention.Action
KINDS = {
    A.CREATE: "schedule.created",
    A.CHANGE: "schedule.changed",
    A.PAUSE: "schedule.paused",
    A.RESUME: "schedule.resumed",
    A.RUN: "schedule.run_ordered",
    A.PUT_BACK: "schedule.put_back",
    A.DELETE: "schedule.deleted",
}
WITH_A_REASON = (A.PAUSE, A.DELETE)


@dataclass(frozen=True)
class Click:
    """Who does something, under which id, having seen which version (None: a program that did not look)."""

    by: User
    order_id: str
    shown: int | None = None
    known: Entry.Known = Entry.Known.SIGNED_IN


@dataclass(frozen=True)
class Over:
    """Which items: a file that was sent, or one in a folder. ``file``: where the one lies that was looked at."""

    format: str
    upload: Upload | None = None
    file: Path | None = None

    def facts(self) -> dict[str, Any]:
        """Raises ValidationError."""
        folder = "" if self.upload else _folder(self.file)
        return {"format": self.format, "upload": self.upload, "folder": folder}


def create(
    *, given: Mapping[str, Any], spec: Mapping[str, Any], format: str, upload: Upload | None, file: Path | None,
    click: Click,
) -> Schedule:  # fmt: skip
    """A new schedule; the same form sent twice is one. ``file``: where the file lies that was looked at.

    Raises PermissionDenied for who is not of ops, ValidationError with sentences by field; those of the spec by the
    keys of the contract.
    """
    _check(click)
    facts = {**asked.read(given, upload=upload is not None), "spec": _spec(spec, click.by)}
    facts |= Over(format, upload, file).facts()
    try:
        made = _create(facts, click)
    except IntegrityError:  # the same form, a moment before, on another connection
        made = Intervention.objects.get(order_id=click.order_id).schedule
    sending.sync(made)
    return made


def _create(facts: dict[str, Any], click: Click) -> Schedule:
    with write():
        if known := Intervention.objects.filter(order_id=click.order_id).select_related("schedule").first():
            _same_person(known, click, A.CREATE)
            return known.schedule
        row = Schedule.objects.create(user=click.by, requester=click.by.get_username(), **facts)
        _enter(row, A.CREATE, click, "", {name: ["", plain(facts[name])] for name in (*asked.FIELDS, "spec")})
    return row


def change(
    *, schedule: Schedule, given: Mapping[str, Any], reason: str = "", click: Click,
    spec: Mapping[str, Any] | None = None, over: Over | None = None,
) -> Intervention:  # fmt: skip
    """Other times, another job, other items. Whoever changes it is from then on who starts its batches."""
    why = asked.read_reason(reason, needed=False)

    def alter(row: Schedule) -> dict[str, Any]:
        upload = over.upload if over else row.upload
        after = as_changed(asked.read(given, upload=upload is not None), click.by, spec, over)
        what = differing(row, after)
        if not what:
            raise ValidationError({"action": [_("Nothing differs from how it is, so nothing was changed.")]})
        for name, value in after.items():
            setattr(row, name, value)
        return what

    return _alter(schedule, A.CHANGE, click, why, alter)


def as_changed(
    facts: Mapping[str, Any], by: User, spec: Mapping[str, Any] | None = None, over: Over | None = None
) -> dict[str, Any]:
    """A row's columns after such a change. Raises ValidationError."""
    after = {**facts, "user": by, "requester": by.get_username(), **(over.facts() if over else {})}
    return after if spec is None else {**after, "spec": _spec(spec, by)}


def pause(*, schedule: Schedule, reason: str, click: Click) -> Intervention:
    """What runs goes on; nothing is begun until it is resumed, but what somebody has run now."""
    why = asked.read_reason(reason, needed=True)

    def alter(row: Schedule) -> dict[str, Any]:
        if row.paused:
            raise ValidationError({"action": [_("It is paused already, so nothing was changed.")]})
        row.paused, row.paused_reason, row.paused_by, row.paused_at = True, why, click.by.get_username(), timezone.now()
        return {}

    return _alter(schedule, A.PAUSE, click, why, alter)


def resume(*, schedule: Schedule, reason: str = "", click: Click) -> Intervention:
    """From now on; what fell into the pause is not made up for."""

    def alter(row: Schedule) -> dict[str, Any]:
        if not row.paused:
            raise ValidationError({"action": [_("It is not paused, so there is nothing to resume.")]})
        row.paused, row.paused_reason, row.paused_by, row.paused_at = False, "", "", None
        return {}

    return _alter(schedule, A.RESUME, click, asked.read_reason(reason, needed=False), alter)


def put_back(*, schedule: Schedule, reason: str = "", click: Click) -> Intervention:
    """As it is here, whatever was done to it in Temporal."""
    return _alter(schedule, A.PUT_BACK, click, asked.read_reason(reason, needed=False), _as_it_is)


def delete(*, schedule: Schedule, reason: str, click: Click) -> Intervention:
    """Nothing is begun any more; what runs goes on, and what it began stays."""

    def alter(row: Schedule) -> dict[str, Any]:
        row.deleted_at, row.upload = timezone.now(), None
        return {}

    return _alter(schedule, A.DELETE, click, asked.read_reason(reason, needed=True), alter)


def run_now(*, schedule: Schedule, reason: str = "", click: Click) -> Intervention:
    """One run beside its times, by its rule for overlaps. Whether it began, its history says."""
    why = asked.read_reason(reason, needed=False)
    made, new = _take(schedule, A.RUN, click, why, _as_it_is, run_at=timezone.now().replace(microsecond=0))
    if new:
        sending.trigger(made)
        made.refresh_from_db()
    return made


def _as_it_is(_row: Schedule) -> dict[str, Any]:
    """Nothing is changed here."""
    return {}


# --- what they have in common ----------------------------------------------------------------------------------


def _alter(schedule: Schedule, action: A, click: Click, reason: str, alter: Any) -> Intervention:
    made, new = _take(schedule, action, click, reason, alter)
    if new:
        sending.sync(made.schedule)
    return made


def _take(
    schedule: Schedule, action: A, click: Click, reason: str, alter: Any, run_at: datetime | None = None
) -> tuple[Intervention, bool]:
    """The click's row, and whether it is new. Raises ValidationError where somebody else was first."""
    _check(click)
    with write():
        row = Schedule.objects.select_for_update().get(pk=schedule.pk)
        if known := Intervention.objects.filter(order_id=click.order_id).first():
            _same_person(known, click, action, row)
            return known, False
        _still(row, click)
        what = alter(row)
        if run_at is None:
            row.version += 1
        row.save()
        return _enter(row, action, click, reason, what, _free(row, run_at)), True


def _check(click: Click) -> None:
    if not is_ops(click.by):
        raise PermissionDenied(_("Only operators may order something of a schedule."))
    if not is_order_id(click.order_id):
        raise ValidationError({"order_id": [_("This form is damaged. Open the page again.")]})


def _same_person(known: Intervention, click: Click, action: A, row: Schedule | None = None) -> None:
    same = (known.user_id, known.action) == (click.by.pk, action)
    if not same or (row is not None and known.schedule_id != row.pk):
        said = _("This form was sent before, by somebody else or for something else. Open the page again to order it.")
        raise ValidationError({"order_id": [said]})


def _still(row: Schedule, click: Click) -> None:
    if row.deleted_at:
        raise ValidationError({"action": [_("It was deleted, so nothing was changed.")]})
    if click.shown is None or click.shown == row.version:
        return
    last = row.interventions.exclude(action=A.RUN).first()
    said = _("%(who)s %(what)s after you had looked, so this was not done. Look again; order it again if it is still "
             "needed.")  # fmt: skip
    who = (last.username if last else "") or _("Somebody in Temporal")
    raise ValidationError({"action": [said % {"who": who, "what": last.get_action_display() if last else ""}]})


def _enter(
    row: Schedule, action: A, click: Click, reason: str, what: dict[str, Any], run_at: datetime | None = None
) -> Intervention:
    name = click.by.get_username()
    made = Intervention.objects.create(
        schedule=row, order_id=click.order_id, action=action, reason=reason, what=what, user=click.by, username=name,
        known=str(click.known), version=row.version, run_at=run_at,
    )  # fmt: skip
    about = {"schedule": row.reference, "title": row.title, "reason": reason, "order": click.order_id}
    if run_at:
        about["run_at"] = run_at.isoformat()
    data = {**about, **({"what": what} if what else {}), **through(click.known)}
    append(stream=row.stream, kind=KINDS[action], actor=name, known=click.known, data=data)
    return made


def _free(row: Schedule, at: datetime | None) -> datetime | None:
    """A second that no other run has: a run is known by its time."""
    while at and (row.runs.filter(at=at).exists() or row.interventions.filter(run_at=at).exists()):
        at += timedelta(seconds=1)
    return at


def _spec(spec: Mapping[str, Any], by: User) -> dict[str, Any]:
    """Checked as a batch's is, over a file that might be; without it."""
    given = {**spec, **EXAMPLE, "requester": by.get_username()}
    starting.checked(given)
    return {name: value for name, value in given.items() if name not in NOT_OURS}


def _folder(file: Path | None) -> str:
    found = names.apart(file) if file else None
    if found is None:
        raise ValidationError({"pattern": [_("The file does not lie in a folder that may be read.")]})
    return found[0]
