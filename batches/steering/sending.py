"""From orders to their batches: signals, sent again under the same id until it is known what came of them."""

from typing import Any

from accounts.ordering import sending
from accounts.ordering.rows import State
from accounts.ordering.sending import TRIES as TRIES
from accounts.ordering.sending import look_later, to_be_looked_at, too_late
from accounts.ordering.sending import note_sent as note_sent
from batches.models import Batch, Event, Order
from batches.steering import settling
from worker import client

A = Order.Action


def send(order: Order, *, again: bool = False) -> State:
    """See ``accounts.ordering.sending``. A batch that has ended takes nothing: that settles it."""
    return sending.send(order, _signal, again=again)


def _signal(order: Order) -> None:
    batch = Batch.objects.get(pk=order.batch_id)
    if batch.closed_at is None and not batch.first_run_id:
        raise client.Unreachable("The batch itself waits to be started: Temporal could not be reached.")
    try:
        if batch.closed_at or _another_is_meant(batch):
            raise client.NotFound("It runs no more.")
        client.signal(batch.workflow_id, *signal_of(order))
    except client.NotFound:
        settling.came_too_late(order)


def _another_is_meant(batch: Batch) -> bool:
    """By the workflow id: its signals must not reach the next batch under it."""
    return Batch.objects.filter(workflow_id=batch.workflow_id, pk__gt=batch.pk).exists()


def signal_of(order: Order) -> tuple[str, list[Any]]:
    """Its signal and the arguments, in the order of the contract."""
    who, why, key, shown = order.username, order.reason, order.order_id, order.shown
    if order.action == A.LIMITS:
        return "set_limits", [{**order.wanted, "actor": who, "reason": why, "order_id": key, "shown": shown}]
    if order.action == A.RETRY:
        return "retry_failed", [who, order.wanted.get("group", ""), order.wanted.get("sample", 0), why, key, shown]
    if order.action == A.REDO:
        return "redo_degraded", [who, order.wanted.get("group", ""), order.wanted.get("sample", 0), why, key, shown]
    return str(order.action), [who, why, key, shown]


# --- the chore of every worker ----------------------------------------------------------------------------------


def send_unsettled() -> int:
    """Send it again under the same ids, or find out what came of it. Asked every second by each worker."""
    return sending.see_to_all(Order, _see_to)


def _see_to(order: Order) -> bool:
    """False: Temporal cannot be asked now."""
    if to_be_looked_at(order):
        return _look(order)
    if order.state != State.SENT and too_late(order):
        return settling.give_up(order, Order.Code.LATE)
    state = send(order, again=True)
    if state == State.SENT:
        note_sent(order)
    return state == State.SENT


def _look(order: Order) -> bool:
    """It was taken several times, and no word came: does its batch know of it?

    1. One that cannot answer now has it in its history; one that knows it is about to write it down.
    2. One that has written down something under this id that proves no click of ours will not speak of it again.
    3. One that answers, and does not know what was sent before it answered, never will; nor will one that is gone.
    """
    try:
        told = client.query(order.batch.workflow_id, "get_order", [order.order_id], timeout=1.5)
    except client.NotFound:
        return settling.came_too_late(order)
    except client.ClientError:
        return look_later(order)
    if not told["known"]:
        return settling.give_up(order, Order.Code.LOST)
    if Event.objects.filter(batch=order.batch, order=order.order_id).exists():
        return settling.give_up(order, Order.Code.REUSED)
    return look_later(order)
