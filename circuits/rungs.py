"""A service's fallback chain: what each rung calls is code, in which order and with what patience is the registry's."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import Error, connections

from circuits.models import Rung as Row
from worker.resilience.fallback import GUARDED_FALLBACK, GUARDED_PRIMARY, Patience, Rung

log = logging.getLogger(__name__)

Calls = Mapping[str, Callable[..., Awaitable[Any]]]

FRESH = 5.0
"""Seconds for which the registry is not asked again: a chain is built for every call."""


@dataclass(frozen=True)
class Registered:
    """A rung as the registry has it, in its order."""

    name: str
    patience: Patience
    circuit: str | None


_known: dict[str, tuple[float, list[Registered]]] = {}


def ladder(service: str, calls: Calls) -> list[Rung]:
    """The rungs from the best to the last resort; ``calls`` names what each calls, the primary first.

    1. The registry's rungs come in its order, with its patience; one without a call here is left out.
    2. A call that the registry does not know comes after those, with the patience that is usual for its place.
    3. The primary stands behind the service's circuit, unless the registry puts it, or another one, behind that.
    """
    return _built(service, calls, registered(service))


async def aladder(service: str, calls: Calls) -> list[Rung]:
    """The same in a coroutine: the registry, where it has to be asked, is asked in a thread."""
    found = _fresh(service)
    return _built(service, calls, await asyncio.to_thread(_asked, service) if found is None else found)


def forget() -> None:
    """Ask the registry again the next time, as whoever has just written it may want."""
    _known.clear()


# --- what the registry says ---------------------------------------------------------------------------------------


def registered(service: str) -> list[Registered]:
    """Its rungs, at most some seconds old."""
    found = _fresh(service)
    return _read(service) if found is None else found


def _fresh(service: str) -> list[Registered] | None:
    at, found = _known.get(service, (float("-inf"), []))
    return found if time.monotonic() - at < FRESH else None


def _asked(service: str) -> list[Registered]:
    """In a thread that has no other use for its connection."""
    try:
        return _read(service)
    finally:
        connections.close_all()


def _read(service: str) -> list[Registered]:
    """With the database away, what was known last: whoever falls back must not fail for that."""
    _at, found = _known.get(service, (0.0, []))
    try:
        rows = Row.objects.filter(service__name=service).select_related("circuit")
        found = [_registered(row) for row in rows]
    except Error as error:
        log.warning("The rungs of %s go by what was known last: the registry cannot be read. (%s)", service, error)
    _known[service] = (time.monotonic(), found)
    return found


def _registered(row: Row) -> Registered:
    patience = Patience(row.timeout_seconds, row.attempts, row.pause_seconds)
    return Registered(row.name, patience, row.circuit.name if row.circuit else None)


# --- the chain ----------------------------------------------------------------------------------------------------


def _built(service: str, calls: Calls, known: list[Registered]) -> list[Rung]:
    taken = [one for one in known if one.name in calls]
    names = [one.name for one in taken]
    others = [name for name in calls if name not in names]
    more = [Registered(name, _usual(place), None) for place, name in enumerate(others, start=len(taken))]
    primary = _behind_the_circuit(service, calls, known)
    return [
        Rung(one.name, calls[one.name], one.patience, one.circuit or (service if one.name == primary else None))
        for one in [*taken, *more]
    ]


def _behind_the_circuit(service: str, calls: Calls, known: list[Registered]) -> str:
    """The primary; nobody where the registry has put another rung there: an open circuit would stop them both."""
    if any(one.circuit == service for one in known if one.name in calls):
        return ""
    return next(iter(calls), "")


def _usual(place: int) -> Patience:
    """Behind a circuit the first is tried once: tries of its own would hide failures from it."""
    return GUARDED_FALLBACK if place else GUARDED_PRIMARY
