"""Rates as people type and read them."""

import math
import re

from django.utils import formats

_THOUSANDS = re.compile(r"^\d{1,3}([,.]\d{3})+$")


def rate(number: float | None) -> str:
    """ "0.5", "100", "4,000"; "–" for none."""
    if number is None:
        return "–"
    places = 0 if number >= 100 or float(number).is_integer() else 2
    said = str(formats.number_format(number, places, use_l10n=True, force_grouping=True))
    return said.rstrip("0").rstrip(".") if places else said


def typed_rate(text: str) -> float | None:
    """What was typed, with a comma or a point; None: not a number, or one that reads as two ("1,000")."""
    clean = text.strip()
    if _THOUSANDS.match(clean):
        return None
    try:
        number = float(clean.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
