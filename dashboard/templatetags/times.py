"""Times as a person would say them; the browser keeps the words fresh, the exact time stands in the title.

``{% load times %}`` gives
``{{ moment|when }}``  "in 3 h 10 min", "tomorrow, 09:30", "5 min ago", "today 08:12";
``{{ deadline|due }}`` "due in 3 h 10 min", "due tomorrow, 09:30", and once it has passed "2 h late";
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


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A ``<time>``: how far away if near, else the day and the time. site.js ages it by ``data-age``."""
    if moment is None:
        return ""
    now = timezone.now()
    return _element(moment, "due" if moment > now else "past", _in_words(moment, now))


@register.filter
def due(moment: datetime | None) -> SafeString | str:
    """A deadline as a ``<time>``, which says so once it has passed."""
    if moment is None:
        return ""
    now = timezone.now()
    if moment <= now:
        return _element(moment, "deadline", _("%(time)s late") % {"time": lasting((now - moment).total_seconds())})
    return _element(moment, "deadline", _("due %(time)s") % {"time": _in_words(moment, now)})


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


def _element(moment: datetime, age: str, words: str) -> SafeString:
    local = timezone.localtime(moment)
    exact = f"{formats.date_format(local, 'j M Y, H:i:s')} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}" data-age="{}">{}</time>', local.isoformat(timespec="seconds"), exact, age, words
    )


def _in_words(moment: datetime, now: datetime) -> str:
    if moment > now:
        near = moment - now < _SAID_IN_HOURS
        return _("in %(time)s") % {"time": lasting((moment - now).total_seconds())} if near else _day(moment, now)
    if now - moment < timedelta(minutes=1):
        return _("just now")
    near = now - moment < _SAID_IN_MINUTES
    return _("%(time)s ago") % {"time": lasting((now - moment).total_seconds())} if near else _day(moment, now)


def _day(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    days = (local.date() - timezone.localtime(now).date()).days
    named = {0: _("today %(time)s"), -1: _("yesterday %(time)s"), 1: _("tomorrow, %(time)s")}
    if words := named.get(days):
        return words % {"time": formats.date_format(local, "H:i")}
    same_year = local.year == timezone.localtime(now).year
    return formats.date_format(local, "j M, H:i" if same_year else "j M Y, H:i")
