"""Writes down what an entity says: its index row, its changes, its minutes and the ledger; however often, once."""

from dataclasses import asdict
from datetime import datetime

from approvals.recording import moment
from audit.models import Entry
from audit.services import append
from circuits import episodes
from circuits.models import Change, Circuit, Sample
from live.writes import write
from worker.circuit_contract import STATE, CircuitNews
from worker.resilience.circuit_state import CircuitState, Event, Minute


def record_circuit(given: CircuitNews) -> None:
    """In one transaction. Events are known by their number, a minute is written as a whole: twice does no harm."""
    state = STATE.load(given.kept)
    with write():
        row, _made = Circuit.objects.select_for_update().get_or_create(
            service=given.service, defaults={"written_at": moment(state.clock)}
        )
        for event in given.events:
            if event.number > row.events_ever:
                _change(row, event, given)
        for minute in given.minutes:
            _sample(row, minute)
        if state.events_ever >= row.events_ever and moment(state.clock) >= row.written_at:
            _index(row, state, given)


def _change(row: Circuit, event: Event, given: CircuitNews) -> None:
    """Whoever is named is claimed by a program: nobody was seen to be signed in. What time brings is nobody's."""
    known = Entry.Known.PROGRAM if event.actor else Entry.Known.SYSTEM
    change = Change.objects.create(
        circuit=row,
        number=event.number,
        at=moment(event.at),
        kind=event.kind,
        source=event.source,
        target=event.target,
        cause=event.cause,
        reason=event.reason,
        actor=event.actor,
        known=known if event.actor else "",
        caller=event.caller,
        sample=event.sample,
        until=moment_or_none(event.until),
    )
    append(
        stream=row.stream,
        kind=f"circuit.{event.kind}",
        actor=event.actor or "system",
        known=known,
        workflow_id=given.workflow_id,
        run_id=given.run_id,
        at=moment(event.at),
        data=asdict(event),
    )
    episodes.follow(row, change)


def _sample(row: Circuit, minute: Minute) -> None:
    values = asdict(minute)
    start = moment(values.pop("start"))
    Sample.objects.update_or_create(circuit=row, minute=start, defaults=values)


def _index(row: Circuit, state: CircuitState, given: CircuitNews) -> None:
    last = next((event for event in reversed(state.events) if event.kind == "changed"), None)
    row.state, row.since = state.state, moment_or_none(state.since or None)
    row.opened_at, row.retry_at = moment_or_none(state.opened_at), moment_or_none(state.retry_at)
    row.until = moment_or_none(state.override.until if state.override else None)
    row.reason, row.actor = (last.reason, last.actor) if last else ("", "")
    row.failure_count, row.interventions = state.failure_count, state.interventions
    row.config, row.config_version = asdict(state.config), state.config_version
    row.events_ever, row.kept = state.events_ever, given.kept
    row.last_report_at = moment_or_none(state.last_report_at)
    row.run_id, row.run_started_at = given.run_id, moment(given.run_started_at)
    row.written_at = moment(state.clock)
    row.save()


def moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
