"""How ops are told of schedules: that a run began nothing, or that Temporal has one otherwise than it was ordered."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from batches.models import Schedule
from circuits.models import Episode
from circuits.subjects import Subject, register

FAILED, DIFFERS = "schedule-failed", "schedule-differs"


class OfSchedule(Subject):
    """Its episodes are called ``<name>:<uuid>``."""

    see = _("See the schedule")

    def about(self, episode: Episode) -> dict[str, Any]:
        row = Schedule.objects.filter(uuid=_uuid(episode)).only("title", "uuid").first()
        reference = {"reference": row.reference} if row else {}
        return {"schedule": _uuid(episode), "title": str(row) if row else _uuid(episode), **reference}

    def page(self, episode: Episode) -> str:
        return reverse("batches:schedule", args=[_uuid(episode)])

    def stream(self, episode: Episode) -> str:
        return f"schedule:{_uuid(episode)}"


def _uuid(episode: Episode) -> str:
    return episode.subject.partition(":")[2]


@register
class OfFailedRun(OfSchedule):
    name = FAILED
    at_once = True
    types = {"begins": ("schedule.failed", _("a schedule begins no batch"))}
    headlines = {"begins": _("The schedule “%(title)s” could not begin its batch")}
    says = {"begins": _("Nothing of this run was done. Put right what is said below, then have it run now.")}


_DIFFERS = _("It may not run when it should. Look at it, and put it back if nobody meant it.")


@register
class OfDifferingSchedule(OfSchedule):
    name = DIFFERS
    types = {
        "begins": ("schedule.differs", _("a schedule was changed or deleted in Temporal")),
        "lasts": ("schedule.still_differs", _("a schedule is still not as it was ordered")),
        "ends": ("schedule.agrees", _("a schedule is as it was ordered again")),
    }
    headlines = {
        "begins": _("The schedule “%(title)s” is not as it was ordered: somebody changed it in Temporal"),
        "lasts": _("The schedule “%(title)s” is still not as it was ordered"),
        "ends": _("The schedule “%(title)s” is as it was ordered again"),
    }
    says = {"begins": _DIFFERS, "lasts": _DIFFERS, "ends": _("It runs as its page says.")}
