"""What somebody wants to see of the ledger: read from an address, and as a query that a million entries do not slow."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from audit import subjects
from audit.models import Entry

NAMES = ("stream", "kind", "actor", "known", "since", "until")
APART = timedelta(days=1)
"""Entries are numbered as they are written, so nearly in the order of their times: never as far apart as this."""


@dataclass(frozen=True)
class Wanted:
    """The filters as they were given, and what they mean."""

    given: Mapping[str, str]
    streams: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    problems: tuple[str, ...] = field(default=())

    @property
    def any(self) -> bool:
        return any(self.given.values())

    def address(self, **more: object) -> str:
        query = {name: value for name, value in {**self.given, **more}.items() if value}
        return f"?{urlencode(query)}"


def read(query: Mapping[str, str]) -> Wanted:
    """From an address. What cannot be read is said, and not taken for "everything"."""
    given = {name: query.get(name, "").replace("\x00", "").strip()[:300] for name in NAMES}
    since, until = moment(given["since"]), moment(given["until"], end=True)
    wanted = Wanted(given, tuple(subjects.find(given["stream"])), since, until)
    problems = [_not_a_time(given[name]) for name in ("since", "until") if given[name] and not getattr(wanted, name)]
    if given["known"] and given["known"] not in Entry.Known.values:
        problems.append(_("Nobody is known by “%(known)s”. Choose one of the list.") % {"known": given["known"][:40]})
    if since and until and since > until:
        problems.append(_("“From” is later than “until”, so nothing can lie between them."))
    if len(wanted.streams) > subjects.MOST:
        problems.append(
            _("More than %(most)d requests are called so. Type more of the title.") % {"most": subjects.MOST}
        )
    return replace(wanted, problems=tuple(problems))


def _not_a_time(text: str) -> str:
    return _("“%(text)s” is not a time. Write it as 2026-03-31 or 2026-03-31T14:00.") % {"text": text[:40]}


def moment(text: str, *, end: bool = False) -> datetime | None:
    """A day or a time as people type it, in their zone. A day ends with its last moment, a minute with its last."""
    try:
        day = parse_date(text) if len(text) == 10 else None
        at = None if day else parse_datetime(text)
        if day:
            at = datetime.combine(day, time.max if end else time.min)
        elif at and end and not at.second:
            at += timedelta(seconds=59, microseconds=999_999)
        return _aware(at)
    except (ValueError, OverflowError):
        return None


def _aware(at: datetime | None) -> datetime | None:
    if at is None or at.year < 1970 or at.date() >= date(9999, 1, 1):
        return None
    return at if at.tzinfo else timezone.make_aware(at)


def found(wanted: Wanted) -> QuerySet[Entry]:
    """The entries, in no order yet. Nothing, where what is wanted could not be read."""
    if wanted.problems:
        return Entry.objects.none()
    rows = Entry.objects.filter(
        **{name: wanted.given[name] for name in ("kind", "actor", "known") if wanted.given[name]}
    )
    if wanted.given["stream"]:
        rows = rows.filter(stream__in=wanted.streams)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since, id__gte=_first_id(wanted.since - APART))
    if wanted.until:
        rows = rows.filter(at__lte=wanted.until, id__lte=_first_id(wanted.until + APART))
    return rows


def _first_id(at: datetime) -> int:
    """The first number at which entries are as late as this: some twenty looks, however many there are."""
    last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    low, high = 0, last + 1
    while low < high:
        middle = (low + high) // 2
        seen = Entry.objects.filter(id__gte=middle).order_by("id").values_list("id", "at").first()
        if seen is None or seen[1] >= at:
            high = middle
        else:
            low = seen[0] + 1
    return low
