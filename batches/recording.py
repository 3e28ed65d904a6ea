"""Writes down what a batch has to say: its row, its events, its line and the ledger; however often, once."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from approvals.recording import moment
from audit.models import Entry
from audit.services import append
from batches import alarms, budgets, item_groups, leaving
from batches.beginning import row_of
from batches.models import Batch, Event, Order, Point, State
from batches.steering import settling
from batches.through import through
from live.counting import count
from live.writes import write
from worker.batch_wire import BatchEvent, BatchNews

SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")
ENDED = SIX[:3]
MOST_POINTS = 1_000
WORDS = 100
"""Characters of a cause of failures in what an order changed."""
KEPT_IN_LEDGER = ("status", "total", "successful", "degraded", "failed", "not_run", "reason", "results", "errors")


def record(given: BatchNews) -> None:
    """In one transaction. Events are known by their number; of two tellings the later one counts."""
    with write(nudge=bool(given.events or given.result)):
        row = row_of(given.ref)
        for event in given.events:
            if event.number > row.events_ever:
                _event(row, event, given)
        open_ = row.closed_at is None and row.state != State.STARTED
        if given.written > row.written and open_:
            _index(row, given)
            _point(row, given)
        if given.result is not None and open_:
            _close(row, given) if not given.alone else _leave(row, given)
        row.save()


def _event(row: Batch, event: BatchEvent, given: BatchNews) -> None:
    order = settling.proving(row, event)
    known = _known(row, event, order)
    what = _what(row, event)
    written = Event.objects.create(
        batch=row,
        number=event.number,
        at=moment(event.at),
        kind=event.kind,
        cause=event.cause,
        reason=event.reason,
        actor=event.actor,
        known=known if event.actor else "",
        order=event.order,
        action=event.action,
        what=what,
    )
    clicked = {"made_at": order.made_at.timestamp(), **through(order.known)} if order else {}
    _append(row, event.kind, event.actor, moment(event.at), asdict(event) | {"what": what} | clicked, given, known)
    if order:
        settling.settle(order, written)
    alarms.happened(row, event, written.at)
    row.events_ever = event.number


def _what(row: Batch, event: BatchEvent) -> str:
    """As the workflow has it; it knows a cause of failures by its sign alone, people by its words."""
    group = str(event.details.get("group") or "")
    if event.kind != "retried":
        return event.what
    sample = event.details.get("sample")
    said = f"up to {sample:,} of the failed items" if sample else "all failed items"
    words = row.groups.filter(fingerprint=group).values_list("words", flat=True).first() if group else ""
    return f"{said} that say “{words[:WORDS]}”" if words else said if not group else event.what


def _known(row: Batch, event: BatchEvent, order: Order | None) -> Entry.Known:
    """Who is behind a batch is known as when it was ordered here: on the site they were signed in. Else it is claimed.

    So is who is behind an order, unless what they clicked proves it.
    """
    if not event.actor:
        return Entry.Known.SYSTEM
    if order:
        return Entry.Known(order.known)
    ordered = event.kind == "begun" and row.payload is not None and event.actor == row.requester
    return Entry.Known(row.known) if ordered else Entry.Known.PROGRAM


def _append(
    row: Batch,
    kind: str,
    actor: str,
    at: datetime,
    data: dict[str, Any],
    given: BatchNews,
    known: Entry.Known = Entry.Known.SYSTEM,
) -> None:
    append(
        stream=row.stream,
        kind=f"batch.{kind}",
        actor=actor or "system",
        known=known,
        workflow_id=given.ref.workflow_id,
        run_id=given.run_id,
        at=at,
        data=data,
    )


def _index(row: Batch, given: BatchNews) -> None:
    told = given.told
    moved = told["state"] == State.RUNNING != row.state
    row.state = told["state"]
    row.total = told["total"]
    for name in SIX:
        moved = moved or (name in ENDED and told[name] > getattr(row, name))
        setattr(row, name, told[name])
    moved = moved or told.get("reducing") != (row.told or {}).get("reducing")
    if moved:
        row.moved_at = moment(given.at)
        alarms.moved(row, row.moved_at)
    row.title, row.kind = row.title or str(told.get("title", ""))[:200], told.get("kind", row.kind)
    row.data = row.data or told.get("data")
    row.told, row.run_id, row.written, row.written_at = told, given.run_id, given.written, moment(given.at)
    if told.get("begun_at") and row.begun_at is None:
        row.begun_at = moment(told["begun_at"])


def _leave(row: Batch, given: BatchNews) -> None:
    """Its workflow ends before its children: what these come to they say themselves."""
    assert given.result is not None
    leaving.leave(row, given.alone, given.result)
    item_groups.keep(row, given.groups)
    data = {name: given.result[name] for name in KEPT_IN_LEDGER if name in given.result}
    _append(row, "left", "", moment(given.at), {"title": row.title, **data, **leaving.numbers(row)}, given)


def _close(row: Batch, given: BatchNews) -> None:
    assert given.result is not None
    row.result, row.closed_at = given.result, moment(given.at)
    item_groups.keep(row, given.groups)
    data = {name: given.result[name] for name in KEPT_IN_LEDGER if name in given.result}
    _append(row, "closed", "", moment(given.at), {"title": row.title, "job": row.job, **data}, given)
    budgets.over(row)
    counted(row, str(given.result["status"]))
    alarms.closed(row, row.closed_at)


def counted(row: Batch, status: str) -> None:
    """On /metrics, when its numbers will not change any more."""
    count("batches_closed", status=status)
    for name in ("succeeded", "degraded", "failed"):
        count("batch_items", getattr(row, name), outcome=name)


# --- its line ----------------------------------------------------------------------------------------------------


def _point(row: Batch, given: BatchNews) -> None:
    """One for each so many seconds, the last that was heard in them; when there are many, every other one goes."""
    if not row.total:
        return
    at = moment(given.at // row.point_seconds * row.point_seconds)
    values = {name: given.told[name] for name in ("succeeded", "degraded", "failed", "running")}
    more = {"limit": _limit(row, given.told), "seen_at": moment(given.at)}
    Point.objects.update_or_create(batch=row, at=at, defaults={**values, **more})
    if row.points.count() > MOST_POINTS:
        _thin(row)


def _limit(row: Batch, told: dict[str, Any]) -> float | None:
    """Items a second: the least that its pace and the budget of its service allow."""
    limits = [each["limit"] / each["per_seconds"] for each in told.get("pace", [])]
    service = (row.spec or {}).get("service")
    if service and (window := budgets.window_of(service)):
        limits.append(window.limit / window.seconds)
    return min(limits, default=None)


def _thin(row: Batch) -> None:
    row.point_seconds *= 2
    odd = [pk for pk, at in row.points.values_list("pk", "at") if at.timestamp() % row.point_seconds]
    Point.objects.filter(pk__in=odd).delete()
