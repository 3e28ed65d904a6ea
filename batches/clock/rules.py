"""What a schedule's row means for Temporal, and what is written down of what Temporal says."""

from dataclasses import asdict
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils import timezone

from batches.clock.alarm_words import DIFFERS
from batches.clock.times import days_of
from batches.models import Intervention, Schedule
from circuits import episodes
from live.writes import write
from worker.clock_wire import PREFIX, Told, Wanted

NOTE = 200


def wanted(row: Schedule) -> Wanted:
    return Wanted(
        schedule=str(row.uuid),
        version=row.version,
        days=days_of(row.cron),
        zone=row.zone,
        overlap=row.overlap,
        catchup_seconds=row.catchup_seconds,
        jitter_seconds=row.jitter_seconds,
        pause_on_failure=row.pause_on_failure,
        paused=row.paused,
        note=note(row),
        as_paused_there=row.sent_version > 0 and not _about_pauses(row).exists(),
    )


def _about_pauses(row: Schedule) -> "QuerySet[Intervention]":
    """What people ordered of its pauses since Temporal was told last."""
    orders = (Intervention.Action.PAUSE, Intervention.Action.RESUME, Intervention.Action.PUT_BACK)
    return row.interventions.filter(version__gt=row.sent_version, action__in=orders)


def note(row: Schedule) -> str:
    """For those who look at it in Temporal."""
    return f"{row.paused_by}: {row.paused_reason}"[:NOTE] if row.paused else f"{row.reference} {row.title}"[:NOTE]


def sent(row: Schedule, told: Told | None) -> None:
    """Temporal has this version, and said so of it. Whoever has sent a newer one meanwhile is not overruled."""
    now = timezone.now()
    facts = {"mark": told.mark, "told": asdict(told)} if told else {"mark": "", "told": {}}
    with write():
        mine = Schedule.objects.filter(pk=row.pk, sent_version__lt=row.version)
        if mine.update(sent_version=row.version, differs="", told_at=now, looked_at=now, **facts):
            episodes.end(f"{DIFFERS}:{row.uuid}", at=now)


def workflow_id(row: Schedule, at: datetime) -> str:
    """Of the run of this time: as Temporal calls it."""
    return f"{PREFIX}{row.uuid}-run-{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
