"""Writes down what an entity says: its index row, its changes, its minutes and the ledger; however often, once."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from approvals.recording import moment
from audit.models import Entry
from audit.services import append
from circuits import episodes, settling, versions
from circuits.models import Change, Circuit, Order, Sample
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
        _begun_anew(row, state, given)
        for event in given.events:
            if event.number > row.events_ever:
                _change(row, event, state, given)
        for minute in given.minutes:
            _sample(row, minute)
        if state.events_ever >= row.events_ever and moment(state.clock) >= row.written_at:
            _index(row, state, given)


def _begun_anew(row: Circuit, state: CircuitState, given: CircuitNews) -> None:
    """A newer run that does not go on where the last one stopped was begun without what that one knew.

    It counts its events from where it began; here they go on from the last number, or nothing of it would be written.
    """
    first = state.events_ever - len(given.events)
    newer = row.run_started_at is not None and moment(given.run_started_at) > row.run_started_at
    if newer and given.run_id != row.run_id and first < row.events_ever:
        row.before += row.events_ever - first
        row.events_ever, row.config_version = first, 0


def _change(row: Circuit, event: Event, state: CircuitState, given: CircuitNews) -> None:
    """Whoever is named is claimed by a program, unless what they clicked proves it. What time brings is nobody's."""
    order = settling.proving(row.service, event)
    if order and event is _last_configured(given) and not settling.is_in_force(order, state.config):
        order = None
    version = versions.proving(row, event, state)
    signed_in = bool(order or version)
    known = Entry.Known.SIGNED_IN if signed_in else Entry.Known.PROGRAM if event.actor else Entry.Known.SYSTEM
    change = Change.objects.create(
        circuit=row,
        number=row.before + event.number,
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
        data=asdict(event) | _more(event, order, state),
    )
    if order:
        settling.settle(order, change)
    episodes.follow(row, change)


def _last_configured(given: CircuitNews) -> Event | None:
    """The one whose settings the entity tells with it: its event does not say them."""
    return next((event for event in reversed(given.events) if event.kind == "configured"), None)


def _more(event: Event, order: Order | None, state: CircuitState) -> dict[str, Any]:
    """When it was clicked; and to what a circuit was set, which its event does not say."""
    clicked = {"made_at": order.made_at.timestamp()} if order else {}
    if event.kind != "configured":
        return clicked
    return clicked | {"config": order.config if order and order.config else asdict(state.config)}


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
