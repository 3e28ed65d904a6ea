"""The live pieces of schedules: the list, and one of them: when it runs next, what came of it, who intervened."""

from collections.abc import Hashable, Mapping
from typing import Any

from django.db.models import Count, Max, Sum

from batches.clock import page
from batches.clock.page import SchedulePage
from batches.models import Schedule, ScheduledRun
from live.once import once
from live.regions import Region, register
from worker.reading import as_uuid


@register
class SchedulesRegion(Region):
    """All of them; the same for everybody signed in."""

    name = "schedules"
    template = "batches/schedules/_list.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key == ""

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        rows = Schedule.objects.aggregate(Sum("version"), Sum("sent_version"), Max("told_at"))
        runs = ScheduledRun.objects.aggregate(Max("pk"), ended=Count("ended_at"))
        return (*rows.values(), *runs.values())

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"pages": page.listed()}


@register
class ScheduleRegion(Region):
    """One of them; the key is its uuid."""

    name = "schedule"
    template = "batches/schedules/_schedule.html"
    interval = 2.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and str(as_uuid(key)) == key and remembered(key) is not None

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        found = remembered(key)
        assert found is not None, "or it was not to be watched"
        return {"page": found, "happened": page.happened(found.row)}


def remembered(uuid: str) -> SchedulePage | None:
    """Its page asks for it, and its region again: one read."""
    found: SchedulePage | None = once(("schedule", uuid), lambda: page.schedule_page(uuid))
    return found
