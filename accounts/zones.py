"""Time zones and languages: what may be chosen, and what counts for somebody."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import preferences_of

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def known() -> frozenset[str]:
    """The names that the system knows and people use; none of the old ones such as ``EST5EDT``."""
    return frozenset({"UTC"} | {name for name in available_timezones() if name.split("/")[0] in REGIONS})


def choices() -> list[tuple[str, Any]]:
    """For a select: the site's own zone, UTC, and the others by region."""
    regions: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(known() - {"UTC"}):
        region, _slash, place = name.partition("/")
        regions[region].append((name, place.replace("_", " ").replace("/", ", ")))
    own = _("The site's: %(zone)s") % {"zone": timezone.get_default_timezone_name()}
    return [("", own), ("UTC", "UTC"), *regions.items()]


def languages() -> list[tuple[str, Any]]:
    return [(code, name) for code, name in settings.LANGUAGES]


def outlook_of(user: Any) -> tuple[str, str]:
    """Language and time zone that somebody has chosen; "" where they chose none, or none that still exists."""
    chosen = preferences_of(user)
    language = chosen.language if chosen.language in dict(settings.LANGUAGES) else ""
    return language, chosen.time_zone if chosen.time_zone in known() else ""


def read_together(users: Sequence[Any]) -> None:
    """The preferences of many, in one query; asked for one of them then, none is made."""
    prefetch_related_objects(users, "preferences")
