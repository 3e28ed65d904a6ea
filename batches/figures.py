"""How the numbers of batches are said: shares, speeds, what is left as a range. Pure but for the language."""

import math
from typing import NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _

from batches.eta import Left


class Said(NamedTuple):
    """A number as people read it, and its unit."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"


def percent(number: int, total: int) -> str:
    """Rounded, but to 100 % only what is all of them, and never to nought what is there."""
    if not total or not number:
        return digits(0)
    tenths = min(max(1, round(1_000 * number / total)), 1_000 if number >= total else 999)
    return digits(tenths / 10, 0 if tenths % 10 == 0 else 1)


def speed(each_second: float) -> Said:
    """Items a second, or a minute, or an hour, whichever can be read."""
    if each_second >= 1 or each_second <= 0:
        return Said(_short(each_second), _("items/s"))
    if each_second * 60 >= 1:
        return Said(_short(each_second * 60), _("items/min"))
    return Said(_short(each_second * 3_600), _("items/h"))


def times(share: float) -> str:
    """ "4.1"."""
    return _short(share)


def _short(number: float) -> str:
    return digits(number, 0 if number >= 20 or number == int(number) else 1)


def digits(number: float, decimals: int = 0) -> str:
    return str(formats.number_format(round(number, decimals), decimals, use_l10n=True, force_grouping=True))


def time_left(left: Left) -> Said:
    """Outwards to steps that fit its length, so that what is said holds still: "1:10 – 1:25 min"."""
    step = _step(left.high)
    low, high = math.floor(left.low / step) * step, math.ceil(left.high / step) * step
    if high < 60:
        return Said(f"{low} – {high}" if low else _("under %(high)s") % {"high": high}, _("s"))
    if high <= 600:
        return Said(f"{low // 60}:{low % 60:02} – {high // 60}:{high % 60:02}", _("min"))
    if high <= 3_600:
        return Said(f"{low // 60} – {high // 60}", _("min"))
    if high <= 48 * 3_600:
        low, high = low // 60, high // 60
        return Said(f"{low // 60}:{low % 60:02} – {high // 60}:{high % 60:02}", _("h"))
    return Said(f"{digits(low / 86_400, 1)} – {digits(high / 86_400, 1)}", _("days"))


def _step(seconds: float) -> int:
    for up_to, step in ((59, 1), (300, 5), (600, 15), (3_600, 60), (6 * 3_600, 300), (48 * 3_600, 900)):
        if seconds <= up_to:
            return step
    return 8_640
