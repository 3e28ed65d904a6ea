"""When a schedule runs: a cron expression read strictly, its next times as Temporal will have them, and clock changes.

Pure but for the words. Temporal is handed the numbers of an expression, never its text, so that both read it alike.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from worker.clock_wire import Days

SIGNS = re.compile(r"[0-9A-Za-z*,/\- ]+")
BEGIN = datetime(2027, 1, 1)
MOST = 2_000
"""Times that are looked through for one to come."""
YEAR = timedelta(days=400)
NEAR = timedelta(hours=3)


def read_cron(text: str) -> str:
    """The expression, tidy. Raises ValidationError in words."""
    tidy = " ".join(text.split())
    if not tidy:
        raise ValidationError(_("Type an expression of five fields, for example 30 2 * * 1-5."))
    fields = tidy.split(" ")
    if len(fields) != 5:
        said = _("An expression has five fields: minute, hour, day of the month, month, day of the week. This has "
                 "%(number)d.")  # fmt: skip
        raise ValidationError(said % {"number": len(fields)})
    try:
        found = CronSim(tidy, BEGIN)
        if not SIGNS.fullmatch(tidy) or not _plain(found):
            raise CronSimError
    except CronSimError as error:
        raise ValidationError(_wrong(str(error), fields)) from None
    if next(_walls(tidy, found.dt), None) is None:
        raise ValidationError(_never())
    return tidy


def _plain(found: CronSim) -> bool:
    """Numbers alone: none of "the last day" or "the second Friday", which Temporal's calendars do not know."""
    return all(isinstance(day, int) and day >= 0 for day in (*found.days, *found.weekdays))


def _wrong(said: str, fields: list[str]) -> str:
    """The library names the field that it does not understand."""
    names = {"minute": 0, "hour": 1, "day-of-month": 2, "month": 3, "day-of-week": 4}
    place = names.get(said.removeprefix("Bad ").strip())
    if place is None:
        return _("Only numbers, names such as MON and JAN, and the signs * , - / are understood here.")
    if place == 2 and fields[2].isdigit() and 1 <= int(fields[2]) <= 31:
        return _never()
    said = _("The %(field)s “%(typed)s” is not understood.")
    words = (_("minute"), _("hour"), _("day of the month"), _("month"), _("day of the week"))
    return said % {"field": words[place], "typed": fields[place][:40]}


def _never() -> str:
    return _("There is no such day, so it would never run. Look at the day of the month and the month.")


def nightly(at: str) -> str:
    clock = read_clock(at)
    return f"{clock.minute} {clock.hour} * * *"


def weekly(at: str, weekdays: list[int]) -> str:
    clock = read_clock(at)
    if not weekdays:
        raise ValidationError(_("Choose at least one day."))
    return f"{clock.minute} {clock.hour} * * {','.join(map(str, sorted(weekdays)))}"


def read_clock(text: str) -> time:
    found = re.fullmatch(r"\s*([0-9]{1,2}):([0-9]{2})\s*", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValidationError(_("Give the time as hours and minutes, from 00:00 to 23:59."))
    return time(int(found[1]), int(found[2]))


# --- for Temporal ------------------------------------------------------------------------------------------------


def days_of(cron: str) -> list[Days]:
    """Where both days of the month and of the week are named, either will do: that is two calendars."""
    found = CronSim(cron, BEGIN)
    every = found.days == set(range(1, 32)), found.weekdays >= set(range(7))
    weekdays = {day % 7 for day in found.weekdays if isinstance(day, int)}
    days, both = {day for day in found.days if isinstance(day, int)}, not found.day_and and not any(every)
    whole = (found.minutes, found.hours)
    if both:
        return [Days(*whole, days, found.months, range(7)), Days(*whole, range(1, 32), found.months, weekdays)]
    return [Days(*whole, days, found.months, weekdays)]


# --- when it comes next ------------------------------------------------------------------------------------------


def coming(cron: str, zone: str, after: datetime, number: int) -> list[datetime]:
    """The next times, as Temporal will have them: a time that is left out when clocks go forward is left out."""
    place, found = ZoneInfo(zone), []
    local = after.astimezone(place).replace(tzinfo=None) - timedelta(hours=3)
    for wall in islice(_walls(cron, local), MOST):
        at = moment_of(wall, place)
        if at is not None and at > after and at not in found:
            found.append(at)
        if len(found) == number:
            break
    return found


def _walls(cron: str, after: datetime) -> Iterator[datetime]:
    """As a clock on the wall shows them, without an end unless there are none."""
    yield from CronSim(cron, after)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """None for a time that no clock shows; of one that comes twice one of the two, as Temporal mostly does.

    That takes the offset of the zone at this time in UTC, and if the result lies beyond a change, the offset there.
    """
    as_utc = wall.replace(tzinfo=UTC)
    offset = _offset(as_utc, zone)
    at = as_utc - offset
    if _offset(at, zone) != offset:
        at = as_utc - _offset(at, zone)
    return at if at.astimezone(zone).replace(tzinfo=None) == wall else None


def is_extra(cron: str, zone: str, at: datetime, others: Collection[datetime]) -> bool:
    """When the clocks go back Temporal begins some times twice, and some an hour late (seen with server 1.32).

    Near such a change a run counts if the clocks show one of its times, and none of the ``others`` had the same.
    """
    place = ZoneInfo(zone)
    if _offset(at - NEAR, place) <= _offset(at + NEAR, place):
        return False
    wall = _wall(at, place)
    again = any(_wall(other, place) == wall for other in others if other != at)
    return again or not any(_is_in(days, wall) for days in days_of(cron))


def without_extra(cron: str, zone: str, moments: Sequence[datetime]) -> list[datetime]:
    """Of the times that Temporal names those that count."""
    return [at for place, at in enumerate(moments) if not is_extra(cron, zone, at, moments[:place])]


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _is_in(days: Days, wall: datetime) -> bool:
    dated = wall.day in days.days and wall.month in days.months and wall.isoweekday() % 7 in days.weekdays
    return dated and wall.hour in days.hours and wall.minute in days.minutes


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    found = at.astimezone(zone).utcoffset()
    assert found is not None
    return found


# --- when the clocks change --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClockChange:
    """``left_out``: times on the wall that are not run then; ``once``: those that come twice, run once at most."""

    day: date
    forward: bool
    left_out: tuple[time, ...] = ()
    once: tuple[time, ...] = ()


def changes(cron: str, zone: str, after: datetime) -> list[ClockChange]:
    """Those of the coming year that this schedule meets."""
    place = ZoneInfo(zone)
    return [found for at in _changes(place, after) if (found := _met(cron, place, at))]


def _changes(zone: ZoneInfo, after: datetime) -> list[datetime]:
    """The first minutes in which the offset is another one."""
    found, at = [], after.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for _day in range(YEAR.days):
        if (before := _offset(at, zone)) != _offset(at + timedelta(days=1), zone):
            minutes = (at + timedelta(minutes=minute) for minute in range(1, 24 * 60 + 1))
            found.append(next(minute for minute in minutes if _offset(minute, zone) != before))
        at += timedelta(days=1)
    return found


def _met(cron: str, zone: ZoneInfo, at: datetime) -> ClockChange | None:
    before, then = _offset(at - timedelta(minutes=1), zone), _offset(at, zone)
    begin = (at + min(before, then)).replace(tzinfo=None)
    walls = islice(_walls(cron, begin - timedelta(seconds=1)), 24)
    inside = [wall for wall in walls if begin <= wall < begin + abs(then - before)]
    left_out = tuple(wall.time() for wall in inside if moment_of(wall, zone) is None)
    once = tuple(wall.time() for wall in inside if then < before)
    if not left_out and not once:
        return None
    return ClockChange(begin.date(), then > before, left_out, once)
