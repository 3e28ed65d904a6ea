"""What a circuit says of itself: its entity, asked through the one reader; where nobody answers, what is known last."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from approvals.recording import moment
from circuits import queries
from circuits.models import Circuit, Service
from live import reader
from live.queries import System, system
from worker.circuit_contract import STATE, workflow_id_of
from worker.circuit_telling import Problems, Run, told
from worker.resilience.circuit_state import CircuitConfig, CircuitState
from worker.resilience.versioned import UnreadableState

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 20
"""Circuits of a list that are asked in one turn; the others are as they were written down."""
ONE, LIST = 0.9, 1.9
"""Seconds for which an answer will do, on the page of one and on the list: whoever else looks, nobody asks again."""

State = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """``state`` is as ``get_state`` answers; None: nothing is known. Not ``live``: as of ``at``, and ``why``."""

    service: str
    row: Circuit | None
    registered: Service | None
    state: State | None
    at: datetime | None = None
    live: bool = False
    why: str = ""
    """ "no_worker", "no_temporal", "no_answer", "gone" (its entity does not run), "not_begun", "index" (not asked)."""

    @property
    def title(self) -> str:
        return str(self.registered) if self.registered else self.service


def all_told() -> list[Told]:
    """Every circuit and every service of the registry. What needs somebody is asked first."""
    services, rows = queries.services(), queries.circuits()
    rows.sort(key=lambda row: row.state not in queries.NEEDS)
    said = _asked(rows, system())
    known = queries.kept_of([row for row, reading in zip(rows, said, strict=True) if not reading.live])
    found = [_newest(row, reading, known) for row, reading in zip(rows, said, strict=True)]
    found = [replace(one, registered=services.pop(one.service, None)) for one in found]
    return found + [Told(name, None, one, None, why="not_begun") for name, one in services.items()]


def one_told(service: str) -> Told | None:
    """None: nobody knows of it, neither the rows nor Temporal."""
    if not queries.plausible(service):
        return None
    row, registered = queries.circuit(service), queries.service(service)
    seen = system()
    if row is None:
        told = replace(_ask(service, 0, ONE, seen), registered=registered)
        if told.live:
            return told
        return replace(told, why=told.why if told.why != "gone" else "not_begun") if registered else None
    told = replace(_ask(service, row.events_ever, ONE, seen), row=row, registered=registered)
    return told if told.live else _newest(row, told, {row.pk: row.kept})


def _asked(rows: Sequence[Circuit], seen: System) -> list[Told]:
    """One that does not answer ends the turn: with a dead worker each would cost its whole deadline."""
    found: list[Told] = []
    silent = False
    for place, row in enumerate(rows):
        if silent or place >= ASKED_AT_ONCE:
            found.append(Told(row.service, row, None, None, why="no_answer" if silent else "index"))
            continue
        found.append(replace(_ask(row.service, row.events_ever, LIST, seen), row=row))
        silent = found[-1].why == "no_answer"
    return found


def _ask(service: str, events: int, max_age: float, seen: System) -> Told:
    """An answer that knows of fewer events than the row is from before they happened, and asked for again."""
    nothing = Told(service, None, None, None)
    if not seen.worker_alive:
        return replace(nothing, why="no_worker")
    if not seen.temporal_ok:
        return replace(nothing, why="no_temporal")
    reading = reader.read(workflow_id_of(service), "get_state", max_age=max_age)
    if reading.fresh and _events(reading.value) < events:
        reading = reader.read(workflow_id_of(service), "get_state", max_age=0)
    if not reading.known or not isinstance(reading.value, dict):
        return replace(nothing, why="gone" if reading.gone else "no_answer")
    why = "" if reading.fresh else "gone" if reading.gone else "no_answer"
    return replace(nothing, state=reading.value, at=moment(reading.at), live=reading.fresh, why=why)


def _events(state: Any) -> int:
    transitions = state.get("transitions") if isinstance(state, dict) else None
    return int(transitions[-1]["number"]) if transitions else 0


def _newest(row: Circuit, told: Told, kept: dict[int, Any]) -> Told:
    """Of the last answer and what was written down last, whichever is newer."""
    if told.live or (told.at is not None and told.at >= row.written_at and _events(told.state) >= row.events_ever):
        return replace(told, row=row)
    return replace(told, row=row, state=_from_row(row, kept.get(row.pk)), at=row.written_at)


def _from_row(row: Circuit, kept: Any) -> State:
    """The state that the entity left, as it would tell it now."""
    try:
        state = STATE.load(kept)
    except UnreadableState:
        state = _from_columns(row)
    began = row.run_started_at.timestamp() if row.run_started_at else 0.0
    return told(row.service, state, Run(row.run_id, began, 0, 0), Problems(), timezone.now().timestamp())


def _from_columns(row: Circuit) -> CircuitState:
    """A row whose state cannot be read here, as one of a newer version: the columns say the most of it."""
    config = {name: value for name, value in row.config.items() if name in CircuitConfig.__dataclass_fields__}
    return CircuitState(
        state=row.state,
        since=_seconds(row.since) or 0.0,
        opened_at=_seconds(row.opened_at),
        retry_at=_seconds(row.retry_at),
        failure_count=row.failure_count,
        interventions=row.interventions,
        config=CircuitConfig(**config),
        last_report_at=_seconds(row.last_report_at),
    )


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
