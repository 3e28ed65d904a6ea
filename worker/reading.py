"""Reads values out of untrusted JSON by hand: what does not fit becomes a complaint in words. Pure, never raises."""

import json
import math
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from worker.resilience.numbers import as_number as as_number

MAX_NAME = 200
MAX_TEXT = 5_000
MAX_OBJECT = 100_000
"""Characters as JSON, where one letter may take twelve: Temporal ends a workflow that schedules more than 2 MB."""
MAX_NAMES = 20
MAX_SECONDS = 10 * 365 * 86_400.0


class Reader:
    """Takes values out of an untrusted object: one line of complaint each."""

    def __init__(self, given: Mapping[Any, Any]) -> None:
        self.given = given
        self.errors: list[str] = []

    def text(self, name: str, default: str = "", limit: int = MAX_NAME, required: bool = False) -> str:
        value = self.given.get(name)
        if value is None and not required:
            return default
        if not isinstance(value, str) or (required and not value.strip()):
            self.errors.append(f"{name} must be a text{'' if required else ', or be left out'}.")
            return default
        if len(value) > limit:
            self.errors.append(f"{name} has {len(value)} characters; at most {limit} are taken.")
        # Cut before anything looks at each letter: a workflow that thinks for two seconds is taken for dead.
        kept = value[:limit]
        if printable(kept) != kept:
            self.errors.append(f"{name} holds characters that are not text.")
        return printable(kept).strip()

    def seconds(self, name: str) -> float | None:
        value = self.given.get(name)
        if value is None:
            return None
        number = as_number(value)
        if number is None or not 0 < number <= MAX_SECONDS:
            self.errors.append(f"{name} must be a number of seconds above 0 and at most {MAX_SECONDS:.0f}.")
            return None
        return number

    def number(self, name: str, low: float, high: float) -> float | None:
        """None where it is left out, or is no number from ``low`` to ``high``, which is said."""
        value = self.given.get(name)
        if value is None:
            return None
        number = as_number(value)
        if number is None or not low <= number <= high:
            self.errors.append(f"{name} must be a number from {low:,.12g} to {high:,.12g}.")
            return None
        return number

    def whole(self, name: str, low: int, high: int) -> int | None:
        """As ``number``. A number that has lost its type on the way, such as 3.0, is whole."""
        value = self.given.get(name)
        if value is None:
            return None
        number = as_number(value)
        if number is None or number != int(number) or not low <= number <= high:
            self.errors.append(f"{name} must be a whole number from {low:,} to {high:,}.")
            return None
        return int(number)

    def unknown(self, known: Collection[str], most: int = 20) -> list[str]:
        """Keys that mean nothing here, each as a sentence: they are ignored."""
        odd = (printable(str(key)[:80]) for key in self.given if key not in known)
        return [f"The key {key!r} is not known and was ignored." for key in islice(odd, most)]

    def names(self, name: str, of_what: str) -> list[str] | None:
        value = self.given.get(name)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or not 0 < len(value) <= MAX_NAMES
            or not all(isinstance(each, str) and 0 < len(each) <= 50 for each in value)
        ):
            self.errors.append(f"{name} must be a list of 1 to {MAX_NAMES} names of {of_what}s.")
            return None
        names = [printable(each) for each in value]
        if len(set(names)) < len(names):
            self.errors.append(f"{name} names a {of_what} twice.")
        return names


def printable(text: str) -> str:
    """The text without what no database and no JSON reader takes: NUL and lone surrogates."""
    return "".join(letter for letter in text if letter != "\x00" and not 0xD800 <= ord(letter) <= 0xDFFF)


def as_uuid(text: object) -> UUID | None:
    """However it is written; None for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def as_object(read: Reader, name: str, value: Any) -> dict[str, Any]:
    try:
        clean = clean_json(value) if size_of(value) <= MAX_OBJECT else None
    except ValueError:
        clean = None
    if not isinstance(clean, dict):
        read.errors.append(
            f"{name} must be a JSON object of at most {MAX_OBJECT:,} characters, nested 20 deep at most."
        )
        return {}
    return clean


def clean_json(value: Any, depth: int = 0) -> Any:
    """The value as every database and JSON reader takes it; ValueError where it is nested too deep."""
    if depth > 20:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): clean_json(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(each, depth + 1) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > 2**63:
        return str(value) if abs(value) < 10**300 else "a very large number"
    return value if isinstance(value, int | float) or value is None else None


def size_of(value: Any) -> int:
    """Characters of the value written as JSON; more than anything may have where that cannot be written."""
    try:
        return len(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return 10**9


def claim_text(value: Any, limit: int = MAX_NAME) -> tuple[str, bool]:
    """A signal's argument as a text, and whether it was one."""
    if value is None:
        return "", True
    if isinstance(value, str):
        return printable(value[:limit]), True
    try:
        return json.dumps(value)[:limit], False
    except (TypeError, ValueError, RecursionError):
        return "(not JSON)", False
