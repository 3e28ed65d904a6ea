"""How each of the demo's services behaves, set from the site and kept in a file, so that a restart changes nothing."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.utils.crypto import salted_hmac

from worker.reading import Reader

log = logging.getLogger(__name__)

MOST_FAILURES, LONGEST = 1.0, 30.0
FILE = "demo_service.json"


@dataclass(frozen=True)
class Knobs:
    """``failure_rate``: the share of calls that fail, 0 to 1. ``by`` and ``at``: who set it last (epoch seconds)."""

    failure_rate: float = 0.0
    latency_seconds: float = 0.1
    hang: bool = False
    by: str = ""
    at: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether nobody gets anything from it."""
        return self.hang or self.failure_rate == MOST_FAILURES


WELL: dict[str, Knobs] = {
    "recommendations": Knobs(latency_seconds=0.12),
    "payments": Knobs(failure_rate=0.02, latency_seconds=0.2),
    "fx-rates": Knobs(latency_seconds=0.06),
}
"""Every service that there is, and how it behaves when nothing is wrong."""


def token() -> str:
    """What only this installation's own processes know: they share the secret key."""
    return salted_hmac("dashboard.demo.service", "settings", algorithm="sha256").hexdigest()


def read(given: Any, now: Knobs) -> tuple[Knobs, list[str]]:
    """The knobs as asked for, what is left out as it is ``now``; and what is wrong, in sentences."""
    if not isinstance(given, Mapping):
        return now, ["The settings must be an object."]
    asked = Reader(given)
    rate = asked.number("failure_rate", 0.0, MOST_FAILURES)
    latency = asked.number("latency_seconds", 0.0, LONGEST)
    hang, by, at = given.get("hang", now.hang), asked.text("by"), asked.number("at", 0, 1e12)
    if not isinstance(hang, bool):
        asked.errors.append("hang must be true or false.")
    asked.errors += asked.unknown(asdict(now))
    if asked.errors:
        return now, asked.errors
    rate = now.failure_rate if rate is None else rate
    return Knobs(rate, now.latency_seconds if latency is None else latency, hang, by, at or 0.0), []


class Board:
    """The knobs of all services, in a file in the data folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.now = dict(WELL) | self._kept()

    def _kept(self) -> dict[str, Knobs]:
        try:
            found = json.loads(self.path.read_text())
            return {name: self._sound(name, found[name]) for name in WELL if name in found}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            log.warning("%s cannot be read, so every service begins well. (%s)", self.path, error)
            return {}

    def _sound(self, name: str, given: Any) -> Knobs:
        knobs, errors = read(given, WELL[name])
        if errors:
            log.warning("What was kept of %s is not used: %s", name, " ".join(errors))
        return knobs

    def turn(self, name: str, knobs: Knobs) -> None:
        """Kept first, then true: whoever is told "set" finds it so after a crash as well."""
        wanted = self.now | {name: knobs}
        beside = self.path.with_suffix(".new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({each: asdict(knobs) for each, knobs in wanted.items()}, file)
        beside.replace(self.path)
        self.now = wanted


def broken(knobs: Knobs) -> Knobs:
    return replace(knobs, failure_rate=MOST_FAILURES)
