"""A look at schedules as Temporal has them: when they run next, and whether somebody changed them there."""

import logging
from dataclasses import asdict
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from audit.models import Entry
from audit.services import append
from batches.clock import rules
from batches.clock.alarm_words import DIFFERS
from batches.models import Intervention, Schedule
from circuits import episodes
from live.writes import write
from worker import client, schedules
from worker.clock_wire import Told

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
SETTLED = timedelta(seconds=10)
"""So long after Temporal has taken the order of a run, its workflow is there if there will be one."""
PIECE = 10


def look() -> int:
    """A chore of each worker: those that nobody has looked at for a while. How many were."""
    due = Q(looked_at=None) | Q(looked_at__lt=timezone.now() - EVERY)
    rows = Schedule.objects.filter(due, deleted_at=None, sent_version=F("version")).order_by("looked_at")
    done = 0
    for row in rows[:PIECE]:
        if not Schedule.objects.filter(pk=row.pk, looked_at=row.looked_at).update(looked_at=timezone.now()):
            continue  # another worker does
        if not look_at(row):
            break
        done += 1
    return done


def look_at(row: Schedule) -> bool:
    """False: Temporal cannot be asked now."""
    try:
        told = schedules.told(str(row.uuid))
        _settle_runs(row, told)
    except client.NotFound:
        told = None
    except client.ClientError as error:
        log.debug("%s could not be looked at: %s", row.reference, error)
        return False
    with write(nudge=False):
        fresh = Schedule.objects.select_for_update().get(pk=row.pk)
        if fresh.version == row.version and fresh.sent and not fresh.deleted_at:
            _write_down(fresh, told)
    return True


def _write_down(row: Schedule, told: Told | None) -> None:
    differs = Schedule.Differs.GONE if told is None else "" if told.mark == row.mark else Schedule.Differs.CHANGED
    news = differs != row.differs or (told is not None and asdict(told) != row.told)
    if differs != row.differs:
        _differs(row, differs)
    if told is not None:
        if told.paused != row.paused:
            _paused_there(row, told)
        row.told = asdict(told)
    row.differs, row.told_at = differs, timezone.now()
    with write(nudge=news):
        row.save(update_fields=["differs", "told", "told_at", "paused", "paused_reason", "paused_by", "paused_at"])


def _differs(row: Schedule, differs: str) -> None:
    """It is said once, and when it is over."""
    subject, now = f"{DIFFERS}:{row.uuid}", timezone.now()
    if differs:
        cause = Schedule.Differs(differs).label
        episodes.begin(subject, at=now, cause=str(cause))
        _enter(row, "schedule.differs", {"how": differs})
    else:
        episodes.end(subject, at=now)
        _enter(row, "schedule.agrees", {})


def _paused_there(row: Schedule, told: Told) -> None:
    """In Temporal, or by it after a failure: that counts as it does there, and is written down here."""
    action = Intervention.Action.PAUSE if told.paused else Intervention.Action.RESUME
    row.paused = told.paused
    row.paused_reason, row.paused_by = (told.note if told.paused else ""), ""
    row.paused_at = timezone.now() if told.paused else None
    Intervention.objects.create(
        schedule=row, order_id=f"temporal-{row.pk}-{timezone.now().timestamp()}", action=action, reason=told.note,
        known=Entry.Known.SYSTEM, version=row.version,
    )  # fmt: skip
    _enter(row, "schedule.paused" if told.paused else "schedule.resumed", {"reason": told.note, "where": "Temporal"})


def _enter(row: Schedule, kind: str, data: dict[str, str]) -> None:
    about = {"schedule": row.reference, "title": row.title, **data}
    append(stream=row.stream, kind=kind, actor="system", known=Entry.Known.SYSTEM, data=about)


def _settle_runs(row: Schedule, told: Told) -> None:
    """A run that Temporal was to begin, and did not: another one ran, and so its rule for overlaps left it out."""
    old = timezone.now() - SETTLED
    ordered = row.interventions.filter(action="run", why_not="", sent_at__lt=old, made_at__gt=old - timedelta(days=2))
    for made in ordered:
        if made.run_at is None or row.runs.filter(at=made.run_at).exists() or _is_there(row, made):
            continue
        if row.overlap == Schedule.Overlap.SKIP or not told.running:
            Intervention.objects.filter(pk=made.pk, why_not="").update(why_not="overlap")


def _is_there(row: Schedule, made: Intervention) -> bool:
    """No worker has taken it yet."""
    assert made.run_at is not None
    try:
        client.describe(rules.workflow_id(row, made.run_at))
    except client.NotFound:
        return False
    return True
