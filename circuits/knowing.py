"""What callers go by: each entity's last word, as its row has it; where there is no row, the registry's settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db.models.fields.json import KeyTransform

from circuits.models import Circuit, Service
from worker.resilience.caller import Word
from worker.resilience.circuit_state import CircuitConfig

_CONFIG = {each.name for each in fields(CircuitConfig)}


def known(services: Sequence[str], caller: str) -> list[Word]:
    """One query for all of them. Of whom nothing has been written down yet, the registry is asked too."""
    words = [_word(row) for row in _rows(services, caller)]
    missing = set(services) - {word.service for word in words}
    return words + (list(_registered(missing)) if missing else [])


def _rows(services: Sequence[str], caller: str) -> Iterable[dict[str, Any]]:
    """With the last report of this caller that is counted in what the row says."""
    callers = KeyTransform("callers", KeyTransform("state", "kept"))
    rows = Circuit.objects.filter(service__in=services).annotate(
        heard=KeyTransform("seq", KeyTransform(caller, callers))
    )
    return rows.values("service", "state", "retry_at", "until", "reason", "config", "before", "events_ever", "heard")


def _word(row: Mapping[str, Any]) -> Word:
    return Word(
        service=row["service"],
        state=row["state"],
        retry_at=_seconds(row["retry_at"]),
        until=_seconds(row["until"]),
        reason=row["reason"],
        config=CircuitConfig(**{name: value for name, value in row["config"].items() if name in _CONFIG}),
        number=row["before"] + row["events_ever"],
        heard=int(row["heard"] or 0),
    )


def _registered(names: Iterable[str]) -> Iterable[Word]:
    for service in Service.objects.filter(name__in=names):
        yield Word(service=service.name, config=service.config)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
