"""What counts as a number in what came over the wire. Pure."""

import math
from typing import Any


def as_number(value: Any) -> float | None:
    """A finite number; bool is not one, nor is a text, nor an integer too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
