"""What people may order of the clock, read strictly: each refusal is a sentence beside the field that it is about."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import zones
from approvals import inputs
from batches.clock import names, times
from batches.models import Schedule
from worker.batch_contract import MAX_REASON
from worker.reading import as_number, printable

Kind = Schedule.Kind
SHORTEST_CATCHUP, LONGEST_CATCHUP = 10, 365 * 86_400
LONGEST_JITTER = 86_400
FIELDS = (
    "title", "kind", "at", "weekdays", "cron", "zone", "overlap", "catchup_seconds", "jitter_seconds",
    "pause_on_failure", "pattern", "days_before", "only_new",
)  # fmt: skip
"""What can be changed of a schedule afterwards, beside its spec."""
SPAN = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*([smhd]?)", re.IGNORECASE)
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read(given: Mapping[str, Any], *, upload: bool) -> dict[str, Any]:
    """The facts of a schedule, by the names of its columns. ``upload``: it runs over a file that was sent.

    Raises ValidationError with the sentences by field.
    """
    reading = _Reading(given)
    facts = {
        "title": reading.of("title", lambda text: inputs.line_of(text, 200, _("Give the schedule a title."))),
        "kind": reading.of("kind", _choice(Kind.values, _("Choose how often."))),
        "zone": reading.of("zone", _zone),
        "overlap": reading.of("overlap", _choice(Schedule.Overlap.values, _("Choose what is to happen then."))),
        "catchup_seconds": reading.of("catchup", _catchup),
        "jitter_seconds": reading.of("jitter", _jitter),
        "pause_on_failure": bool(given.get("pause_on_failure")),
        "only_new": bool(given.get("only_new")),
        "pattern": "" if upload else reading.of("pattern", names.read_pattern),
        "days_before": 0 if upload else reading.of("days_before", _days_before),
        **reading.when(),
    }
    if reading.errors:
        raise ValidationError(reading.errors)
    return facts


class _Reading:
    """Field by field; all that is wrong is said at once."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.errors: dict[str, list[str]] = {}

    def of(self, name: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(str(self.given.get(name) or ""))
        except ValidationError as error:
            self.errors[name] = error.messages
            return None

    def when(self) -> dict[str, Any]:
        """Each kind is a cron expression in the end; what another kind would have needed is let go."""
        kind = self.given.get("kind")
        weekdays = [day for day in range(7) if str(day) in map(str, self.given.get("weekdays") or ())]
        if kind == Kind.CRON:
            return {"cron": self.of("cron", times.read_cron), "at": "", "weekdays": []}
        at = self.of("at", lambda text: f"{times.read_clock(text):%H:%M}")
        if kind == Kind.WEEKLY and not weekdays:
            self.errors["weekdays"] = [_("Choose at least one day.")]
        if at is None or self.errors.get("weekdays") or kind not in Kind.values:
            return {"cron": "", "at": at or "", "weekdays": weekdays}
        cron = times.weekly(at, weekdays) if kind == Kind.WEEKLY else times.nightly(at)
        return {"cron": cron, "at": at, "weekdays": weekdays if kind == Kind.WEEKLY else []}


def _choice(known: list[str], said: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValidationError(said)
        return text

    return read


def _zone(text: str) -> str:
    name = text.strip()
    if name not in zones.known():
        said = _("There is no time zone “%(name)s” here. Choose one such as Europe/Berlin.")
        raise ValidationError(said % {"name": name[:60]})
    return name


def _catchup(text: str) -> int:
    seconds = span_of(text)
    if seconds is None or not SHORTEST_CATCHUP <= seconds <= LONGEST_CATCHUP:
        raise ValidationError(_("Give a span from 10 s to 365 d, for example 1 h."))
    return seconds


def _jitter(text: str) -> int:
    seconds = 0 if not text.strip() else span_of(text)
    if seconds is None or not 0 <= seconds <= LONGEST_JITTER:
        raise ValidationError(_("Give a span of at most 24 h, for example 5 m, or nothing."))
    return seconds


def _days_before(text: str) -> int:
    number = as_number(int(text)) if text.strip().isascii() and text.strip().isdigit() else None
    if not text.strip():
        return 0
    if number is None or number > names.MOST_DAYS:
        raise ValidationError(_("Give a number of days from 0 to 366."))
    return int(number)


def span_of(text: str) -> int | None:
    """Seconds of "90", "90 s", "5 m", "1.5 h", "2 d"."""
    found = SPAN.fullmatch(text.strip())
    return round(float(found[1]) * UNITS[found[2].lower() or "s"]) if found else None


def span_typed(seconds: int) -> str:
    """The text that is read as this again."""
    unit = next((sign for sign in "dhm" if seconds and seconds % UNITS[sign] == 0), "s")
    return f"{seconds // UNITS[unit]} {unit}" if seconds else ""


def read_reason(text: str, *, needed: bool) -> str:
    clean = printable(text).strip()
    if needed and not clean:
        raise ValidationError({"reason": [_("Say why: whoever looks next has to know.")]})
    if len(clean) > MAX_REASON:
        most = _("The reason has %(number)d characters; at most %(most)d are kept.")
        raise ValidationError({"reason": [most % {"number": len(clean), "most": MAX_REASON}]})
    return clean


def typed(row: Schedule) -> dict[str, Any]:
    """A schedule as the form shows it."""
    return {
        **{name: getattr(row, name) for name in FIELDS if not name.endswith("_seconds")},
        "catchup": span_typed(row.catchup_seconds),
        "jitter": span_typed(row.jitter_seconds),
    }
