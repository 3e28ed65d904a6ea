"""How schedules are shown: times on a wall, what was changed, why a run did not begin. ``{% load schedules %}``."""

from collections.abc import Sequence
from datetime import datetime, time

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from batches.clock.differing import SPEC, Difference, in_words, setting, whole
from batches.clock.page import Next
from batches.models import Intervention, Schedule

register = template.Library()
SHOWN = [name for name in SPEC if name not in ("job", "job_args")]
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


@register.filter
def differences(one: Intervention) -> list[Difference]:
    """From what to what."""
    return list(in_words(one.what))


@register.filter
def settings(row: Schedule) -> list[tuple[str, str]]:
    """How its batches are run, as their form calls it: what is not as the contract has it anyway."""
    own, usual = whole(row.spec), whole({"job": row.spec.get("job")})
    return [setting(name, value) for name, value in own.items() if name in SHOWN and value != usual.get(name)]


@register.filter
def why_not(one: Intervention) -> str:
    words = {
        "overlap": _("left out, for the run before had not ended"),
        "gone": _("not begun, for it was deleted in Temporal"),
        "late": _("given up, for Temporal was away"),
    }
    return words.get(one.why_not, one.why_not)
