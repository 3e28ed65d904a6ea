"""A setting that holds a number for each task queue, read: ``leitstand-work=50, leitstand=1000``."""

import math
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured


def whole(name: str, text: str) -> dict[str, int]:
    """Numbers from 1 on."""
    return {queue: int(number) for queue, number in _read(name, text, "a whole number from 1 on", _is_whole).items()}


def rates(name: str, text: str) -> dict[str, float]:
    """Numbers a second, above 0."""
    return _read(name, text, "a number above 0", lambda number: 0 < number < math.inf)


def _is_whole(number: float) -> bool:
    return 1 <= number <= 1_000_000 and number.is_integer()


def _read(name: str, text: str, kind: str, sound: Callable[[float], bool]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        queue, equals, typed = (piece.strip() for piece in part.partition("="))
        number = _number(typed)
        if not (queue and equals and number is not None and sound(number)):
            raise ImproperlyConfigured(
                f"{name}: {part[:80]!r} is not understood. Write queue=number, as in leitstand-work=20: {kind}."
            )
        found[queue] = number
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
