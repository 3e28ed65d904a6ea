"""The name of the file of a run: a pattern with signs for the date, filled in by the time it was scheduled for."""

import re
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from worker.chunks import folders

SIGNS = ("%Y", "%y", "%m", "%d", "%H", "%M", "%j", "%G", "%V")
"""Numbers alone: none of them depends on a language. ``%G`` and ``%V`` are the ISO year and week."""
MOST_DAYS = 366


def read_pattern(text: str) -> str:
    """Raises ValidationError for what would name no file of a folder."""
    tidy = text.strip()
    if not tidy:
        raise ValidationError(_("Name the file, for example orders-%%Y-%%m-%%d.csv.") % {})
    wrong = next((sign for sign in re.findall(r"%.?", tidy) if sign not in SIGNS and sign != "%%"), None)
    if wrong:
        said = _("“%(sign)s” is no sign for a date here. Those are: %(signs)s; and %%%% for a percent sign.")
        raise ValidationError(said % {"sign": wrong, "signs": ", ".join(SIGNS)})
    parts = PurePosixPath(tidy).parts
    if tidy.startswith("/") or not tidy.isprintable() or any(part.startswith(".") for part in parts):
        raise ValidationError(_("Name a file below the folder: no way up, and nothing hidden."))
    if len(tidy) > 300:
        raise ValidationError(_("This name is longer than 300 characters."))
    return tidy


def has_date(pattern: str) -> bool:
    return any(sign in pattern.replace("%%", "") for sign in SIGNS)


def name_at(pattern: str, at: datetime, zone: str, days_before: int) -> str:
    """By the clock of the schedule's zone."""
    local = at.astimezone(ZoneInfo(zone)) - timedelta(days=days_before)
    return re.sub(r"%.", lambda sign: "%" if sign[0] == "%%" else local.strftime(sign[0]), pattern)


def apart(path: Path) -> tuple[str, str] | None:
    """The readable folder that a file lies in, and its name there."""
    for folder in folders.readable():
        if path.is_relative_to(folder):
            return str(folder), path.relative_to(folder).as_posix()
    return None
