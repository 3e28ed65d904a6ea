"""Times as a person would say them; live.js keeps the near ones fresh, the exact time stands in the title.

``{% load times %}`` gives
``{{ moment|when }}``  "just now", "5 min ago", "today 08:12", "20 Nov, 08:12"; one to come reads as ``due`` says it;
``{{ moment|since }}`` "3 s ago": what is younger than a minute to the second;
``{{ moment|clock }}`` "08:12", "20 Nov, 08:12": for a column of times; ``{{ moment|exact }}`` the same to the second;
``{{ moment|countdown }}`` "0:24", running down; "3 h 10 min" where it is more than an hour;
``{{ deadline|due }}`` "due in 3 h 10 min", "due in 4 min 10 s", "due tomorrow, 09:30", once it has passed "2 h late";
``{{ seconds|lasting }}`` "3 h 10 min".
"""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

_SAID_IN_HOURS = timedelta(hours=24)
_SAID_IN_MINUTES = timedelta(hours=1)
_SAID_IN_SECONDS = timedelta(minutes=5)


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A ``<time>``: how long ago if near, else the day and the time."""
    if moment is None:
        return ""
    now = timezone.now()
    if moment > now:
        return due(moment)
    gone = now - moment
    if gone >= _SAID_IN_MINUTES:
        return _element(moment, "", _day(moment, now))
    ago = _("%(time)s ago") % {"time": lasting(gone.total_seconds())}
    return _element(moment, "past", _("just now") if gone < timedelta(minutes=1) else ago)


@register.filter
def since(moment: datetime | None) -> SafeString | str:
    """A ``<time>`` to the second: "3 s ago"."""
    if moment is None:
        return ""
    gone = max(0.0, (timezone.now() - moment).total_seconds())
    return _element(moment, "since", _("%(time)s ago") % {"time": lasting(gone)})


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """A ``<time>`` that does not age: in a list of what happened, when each thing did."""
    if moment is None:
        return ""
    return _element(moment, "", _of_its_day(moment, "H:i"))


@register.filter
def exact(moment: datetime | None) -> SafeString | str:
    """As ``clock``, to the second: where the order of what happened is read off."""
    if moment is None:
        return ""
    return _element(moment, "", _of_its_day(moment, "H:i:s"))


def _of_its_day(moment: datetime, form: str) -> str:
    local, now = timezone.localtime(moment), timezone.localtime()
    day = "" if local.date() == now.date() else "j M, " if local.year == now.year else "j M Y, "
    return str(formats.date_format(local, day + form))


@register.filter
def countdown(moment: datetime | None) -> SafeString | str:
    """What is left as a clock shows it; live.js counts it down as this does, and stops at nought."""
    if moment is None:
        return ""
    left = max(0, int((moment - timezone.now()).total_seconds()))
    said = lasting(left) if left >= _SAID_IN_MINUTES.total_seconds() else f"{left // 60}:{left % 60:02}"
    return _element(moment, "left", said)


@register.filter
def due(moment: datetime | None) -> SafeString | str:
    """A deadline as a ``<time>``, which says so once it has passed.

    ``data-due``: "soon" in the last hour, "now" in the last minutes, "late" after it; live.js counts down as this does.
    """
    if moment is None:
        return ""
    now = timezone.now()
    left = moment - now
    if left <= timedelta():
        return _element(moment, "due", _("%(time)s late") % {"time": lasting((now - moment).total_seconds())}, "late")
    if left >= _SAID_IN_HOURS:
        return _element(moment, "", _("due %(day)s") % {"day": _day(moment, now)})
    near = "now" if left < _SAID_IN_SECONDS else "soon" if left < _SAID_IN_MINUTES else ""
    return _element(moment, "due", _("due in %(time)s") % {"time": _left(left)}, near)


def _left(left: timedelta) -> str:
    """The last minutes by the second."""
    minutes, seconds = divmod(int(left.total_seconds()), 60)
    if minutes and seconds and left < _SAID_IN_SECONDS:
        return _("%(m)d min %(s)d s") % {"m": minutes, "s": seconds}
    return lasting(left.total_seconds())


@register.filter
def lasting(seconds: Any) -> str:
    """A length of time in its two largest units: 3 h 10 min, 2 d 4 h, 45 s."""
    whole = max(0, int(seconds))
    days, hours, minutes = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60
    if days:
        return _("%(d)d d %(h)d h") % {"d": days, "h": hours} if hours else _("%(d)d d") % {"d": days}
    if hours:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes} if minutes else _("%(h)d h") % {"h": hours}
    return _("%(m)d min") % {"m": minutes} if minutes else _("%(s)d s") % {"s": whole}


def _element(moment: datetime, age: str, words: str, near: str = "") -> SafeString:
    local = timezone.localtime(moment)
    exact = f"{formats.date_format(local, 'j M Y, H:i:s')} {local.tzname()}"
    aged = format_html(' data-age="{}"', age) if age else ""
    coming = format_html(' data-due="{}"', near) if near else ""
    return format_html(
        '<time datetime="{}" title="{}"{}{}>{}</time>', local.isoformat(timespec="seconds"), exact, aged, coming, words
    )


def _day(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    days = (local.date() - timezone.localtime(now).date()).days
    named = {0: _("today %(time)s"), -1: _("yesterday %(time)s"), 1: _("tomorrow, %(time)s")}
    if words := named.get(days):
        return words % {"time": formats.date_format(local, "H:i")}
    same_year = local.year == timezone.localtime(now).year
    return formats.date_format(local, "j M, H:i" if same_year else "j M Y, H:i")
