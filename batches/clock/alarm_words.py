"""How ops are told of schedules: that a run began nothing, or that Temporal has one otherwise than it was ordered."""

from django.utils.translation import gettext_lazy as _

from batches.alarm_words import OfRow
from batches.models import Schedule
from circuits.subjects import register

FAILED, DIFFERS = "schedule-failed", "schedule-differs"


class OfSchedule(OfRow):
    model, called = Schedule, "schedule"
    see = _("See the schedule")


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
