"""A schedule as its pages show it: how it stands, when it runs next and over which file, what came of the last runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.clock import names, times
from batches.clock.times import BEGIN, ClockChange
from batches.faces import Face, face_of
from batches.models import HELD_BACK, Intervention, Schedule, ScheduledRun
from batches.release.shown import Asked, asked_of

NEXT, LAST, HAPPENED = 5, 10, 50
OLD = timedelta(seconds=60)
"""What Temporal said longer ago is shown as of then."""

LIVE = Face("ok", "calendar-clock", gettext_lazy("Runs by the clock"))
PAUSED = Face("wait", "pause", gettext_lazy("Paused"))
UNSENT = Face("run", "send", gettext_lazy("Being sent to Temporal"))
GONE = Face("bad", "triangle-alert", gettext_lazy("Deleted in Temporal"))
CHANGED = Face("bad", "triangle-alert", gettext_lazy("Changed in Temporal"))
DELETED = Face("off", "trash-2", gettext_lazy("Deleted"))
LEFT_OUT = Face("off", "minus", gettext_lazy("Left out"))
BEGINS = Face("off", "circle-dashed", gettext_lazy("Begins"))
NOT_BEGUN = Face("bad", "triangle-alert", gettext_lazy("Not begun"))


@dataclass(frozen=True)
class Next:
    """``local``: in the schedule's own zone. ``file``: what would be run then."""

    at: datetime
    local: datetime
    file: str


@dataclass(frozen=True)
class Run:
    """``face``: the batch's state, or that there is none."""

    row: ScheduledRun

    @property
    def face(self) -> Face:
        if self.row.batch:
            return face_of(self.row.batch.state)
        return LEFT_OUT if self.row.left_out else NOT_BEGUN if self.row.cause else BEGINS


@dataclass(frozen=True)
class SchedulePage:
    row: Schedule
    now: datetime
    runs: Sequence[Run] = ()

    @property
    def face(self) -> Face:
        row = self.row
        if row.deleted_at:
            return DELETED
        if row.differs:
            return GONE if row.differs == Schedule.Differs.GONE else CHANGED
        if row.paused:
            return PAUSED
        return LIVE if row.sent else UNSENT

    @property
    def last(self) -> Run | None:
        return self.runs[0] if self.runs else None

    @cached_property
    def waiting(self) -> Sequence[Asked]:
        """Batches of it that have not begun: somebody has to approve them first, or to look at what has changed."""
        held = self.row.runs.filter(batch__state__in=HELD_BACK).select_related("batch").order_by("at")[:LAST]
        return [asked for run in held if run.batch and (asked := asked_of(run.batch))]

    @property
    def waiting_words(self) -> Any:
        return WHILE_WAITING[self.row.overlap]

    @property
    def overlap_words(self) -> Any:
        return OVERLAPS[self.row.overlap]

    @property
    def old(self) -> datetime | None:
        """Since when nothing was heard of it."""
        at = self.row.told_at
        return at if at and at < self.now - OLD and not self.row.deleted_at else None

    @property
    def missed(self) -> int:
        return int(self.row.told.get("missed") or 0)

    @property
    def skipped(self) -> int:
        return int(self.row.told.get("skipped") or 0)

    # --- when it runs -------------------------------------------------------------------------------------------

    @cached_property
    def next(self) -> Sequence[Next]:
        """As Temporal says; before it knows the schedule, as it will. None while it is not to run."""
        row = self.row
        if row.deleted_at or row.differs == Schedule.Differs.GONE:
            return ()
        told = [datetime.fromtimestamp(at, UTC) for at in row.told.get("next") or ()] if row.sent else []
        ahead = times.without_extra(row.cron, row.zone, [at for at in told if at > self.now])[:NEXT]
        return nexts(row, ahead or times.coming(row.cron, row.zone, self.now, NEXT))

    @property
    def first(self) -> Next | None:
        return self.next[0] if self.next and not self.row.paused else None

    @property
    def words(self) -> str:
        return when_words(self.row)

    @cached_property
    def changes(self) -> Sequence[ClockChange]:
        return times.changes(self.row.cron, self.row.zone, self.now)

    @property
    def dated(self) -> bool:
        return names.has_date(self.row.pattern)


def nexts(row: Schedule, moments: Sequence[datetime]) -> list[Next]:
    return [Next(at, at.astimezone(ZoneInfo(row.zone)), _file(row, at)) for at in moments]


def _file(row: Schedule, at: datetime) -> str:
    if row.upload:
        return row.upload.name
    return names.name_at(row.pattern, at, row.zone, row.days_before)


DAYS = (
    gettext_lazy("Sunday"), gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"), gettext_lazy("Friday"), gettext_lazy("Saturday"),
)  # fmt: skip


def when_words(row: Schedule) -> str:
    """ "Every day at 02:30", in the time of its zone, which is said beside it."""
    if row.kind == Schedule.Kind.NIGHTLY:
        return _("Every day at %(at)s") % {"at": row.at}
    if row.kind == Schedule.Kind.WEEKLY:
        days = ", ".join(str(DAYS[day]) for day in sorted(row.weekdays, key=lambda day: (day - 1) % 7))
        return _("Every %(days)s at %(at)s") % {"days": days, "at": row.at}
    return CronSim(row.cron, BEGIN).explain()


OVERLAPS: dict[str, Any] = {
    "skip": gettext_lazy("If the last one still runs, the new run is left out; the next time comes as usual."),
    "buffer": gettext_lazy(
        "If the last one still runs, the new run waits and begins when it has ended. One waits at most: what comes "
        "beside it is left out."
    ),
    "allow": gettext_lazy("If the last one still runs, the new run begins beside it: both call the same services."),
    "cancel": gettext_lazy(
        "If the last one still runs, it is cancelled: what is in flight ends and counts, and then the new run begins."
    ),
    "terminate": gettext_lazy(
        "If the last one still runs, it is ended at once: items in flight may be done without being counted."
    ),
}
WHILE_WAITING: dict[str, Any] = {
    "skip": gettext_lazy("Until that is decided, and the batch has ended, new runs are left out."),
    "buffer": gettext_lazy("Until that is decided, and the batch has ended, one new run waits; others are left out."),
    "allow": gettext_lazy("New runs begin meanwhile, and are asked for by themselves."),
    "cancel": gettext_lazy("The next run withdraws what is not decided by then, and is asked for instead."),
    "terminate": gettext_lazy("The next run withdraws what is not decided by then, and is asked for instead."),
}
"""A run whose batch has to be approved first has not ended: what its rule for runs that meet makes of the next."""


# --- read -------------------------------------------------------------------------------------------------------


def listed() -> list[SchedulePage]:
    """Those that may run, each with its last run; two queries. The next to run first, those at rest last."""
    now = timezone.now()
    rows = list(Schedule.objects.filter(deleted_at=None).select_related("upload", "user"))
    last = _last_runs([row.pk for row in rows])
    pages = [SchedulePage(row, now, [Run(last[row.pk])] if row.pk in last else ()) for row in rows]
    return sorted(pages, key=lambda page: (page.first is None, page.first.at if page.first else now, -page.row.pk))


def _last_runs(pks: Sequence[int]) -> dict[int, ScheduledRun]:
    newest = ScheduledRun.objects.filter(schedule__in=pks).values("schedule").annotate(last=Max("pk"))
    rows = ScheduledRun.objects.filter(pk__in=[each["last"] for each in newest]).select_related("batch")
    return {row.schedule_id: row for row in rows}


def schedule_page(uuid: str) -> SchedulePage | None:
    row = Schedule.objects.select_related("upload", "user").filter(uuid=uuid).first()
    if row is None:
        return None
    runs = row.runs.select_related("batch").defer("batch__payload").order_by("-at", "-pk")[:LAST]
    return SchedulePage(row, timezone.now(), [Run(run) for run in runs])


def happened(row: Schedule) -> list[Intervention]:
    return list(row.interventions.select_related("user")[:HAPPENED])
