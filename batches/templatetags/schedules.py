"""How schedules are shown: times on a wall, what was changed, why a run did not begin. ``{% load schedules %}``."""

from collections.abc import Sequence
from datetime import datetime, time

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.clock.page import Next
from batches.models import Intervention

register = template.Library()
MOST_TIMES = 3


@register.filter
def same_clock(one: Next) -> bool:
    """The viewer's clocks show the same as those of the schedule."""
    return timezone.localtime(one.at).replace(tzinfo=None) == one.local.replace(tzinfo=None)


@register.filter
def wall(local: datetime) -> str:
    """As the clocks of its own zone show it."""
    return f"{local:%H:%M}"


@register.filter
def clocks(times: Sequence[time]) -> str:
    said = ", ".join(f"{each:%H:%M}" for each in times[:MOST_TIMES])
    more = len(times) - MOST_TIMES
    return said if more <= 0 else _("%(times)s and so on") % {"times": said}


_FIELDS = {
    "title": gettext_lazy("title"),
    "kind": gettext_lazy("how often"),
    "at": gettext_lazy("time"),
    "weekdays": gettext_lazy("days of the week"),
    "cron": gettext_lazy("when"),
    "zone": gettext_lazy("time zone"),
    "overlap": gettext_lazy("when runs meet"),
    "catchup_seconds": gettext_lazy("made up for"),
    "jitter_seconds": gettext_lazy("spread"),
    "pause_on_failure": gettext_lazy("pause on failure"),
    "pattern": gettext_lazy("file"),
    "days_before": gettext_lazy("days before"),
    "only_new": gettext_lazy("refuse the same file"),
    "spec": gettext_lazy("what is done"),
    "requester": gettext_lazy("in whose name"),
}


@register.filter
def changed(one: Intervention) -> str:
    """From what to what, field by field."""
    found = [(name, pair) for name, pair in one.what.items() if name in _FIELDS and isinstance(pair, list)]
    return "; ".join(
        str(_FIELDS[name]) if name == "spec" else f"{_FIELDS[name]} {_said(*pair)}" for name, pair in found
    )


def _said(before: object, after: object) -> str:
    shown = ["–" if value in ("", [], None) else str(value) for value in (before, after)]
    return f"{shown[0]} → {shown[1]}"


@register.filter
def why_not(one: Intervention) -> str:
    words = {
        "overlap": _("left out, for the run before had not ended"),
        "gone": _("not begun, for it was deleted in Temporal"),
        "late": _("given up, for Temporal was away"),
    }
    return words.get(one.why_not, one.why_not)
