"""From orders to their entities: signals, sent again under the same id until it is known what came of them."""

from typing import Any

from django.conf import settings

from accounts.ordering import sending
from accounts.ordering.rows import State
from accounts.ordering.sending import TRIES as TRIES
from accounts.ordering.sending import look_later, to_be_looked_at, too_late
from accounts.ordering.sending import note_sent as note_sent
from circuits import settling
from circuits.beginning import ENTITY, arguments
from circuits.models import Circuit, Order
from worker import client
from worker.circuit_contract import workflow_id_of


def send(order: Order, *, again: bool = False) -> State:
    """See ``accounts.ordering.sending``; where no entity runs it begins one, so somebody is always there to take it."""
    return sending.send(order, _signal, again=again)


def _signal(order: Order) -> None:
    """Where no entity runs, the same call begins one, with its settings and what it knew."""
    name, args = signal_of(order)
    client.signal_with_start(
        ENTITY,
        arguments(order.service),
        name,
        args,
        workflow_id=workflow_id_of(order.service),
        task_queue=settings.TEMPORAL_TASK_QUEUE,
    )


def signal_of(order: Order) -> tuple[str, list[Any]]:
    """Its signal and the arguments, in the order of the contract, which is not the same for each."""
    who, why, key, shown = order.username, order.reason, order.order_id, order.shown
    if order.action == Order.Action.RESET:
        return "reset", [who, why, key, shown]
    if order.action == Order.Action.CONFIGURE:
        about = {"expires_seconds": order.seconds, "reason": why, "actor": who, "order_id": key, "shown": shown}
        return "configure", [{**(order.config or {}), **about}]
    return "override", [order.action, why, who, order.seconds, key, shown]


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
    return _sent(order)


def _sent(order: Order) -> bool:
    state = send(order, again=True)
    if state == State.SENT:
        note_sent(order)
    return state == State.SENT


def _look(order: Order) -> bool:
    """It was taken several times, and no word came: does its entity know of it?

    1. One that cannot answer now has it in its history; one that knows it is about to write it down.
    2. One that has written down something under this id that proves no click of ours will not speak of it again.
    3. One that answers, and does not know what was sent before it answered, never will.
    """
    try:
        told = client.query(workflow_id_of(order.service), "get_state", timeout=1.5)
    except client.NotFound:
        return _again(order)
    except client.ClientError:
        return look_later(order)
    numbers = [event["number"] for event in told["transitions"] if event["order"] == order.order_id]
    if not numbers:
        return settling.give_up(order, Order.Code.LOST)
    if Circuit.objects.filter(service=order.service, events_ever__gte=numbers[-1]).exists():
        return settling.give_up(order, Order.Code.REUSED)
    return look_later(order)


def _again(order: Order) -> bool:
    """No entity runs any more: the next one begins with this order."""
    if too_late(order):
        return settling.give_up(order, Order.Code.LATE)
    _sent(order)
    return True
