"""From orders to the server: sent again until it has answered, and put right where one from before came late."""

import logging
from datetime import timedelta

from django.utils import timezone

from accounts.ordering import sending
from accounts.ordering.rows import State
from accounts.ordering.sending import too_late
from circuits.limits import settling, told
from circuits.limits.identity import identity_of, order_in
from circuits.models import LimitedQueue, LimitOrder
from worker import client

log = logging.getLogger(__name__)

WATCHED = timedelta(minutes=15)
"""How long after an order one of before may still come late."""


def send(order: LimitOrder) -> State:
    """With Temporal away it is kept, and sent by a worker as soon as it answers."""
    return sending.send(order, _apply, again=True)


def _apply(order: LimitOrder) -> None:
    """Tell the server. If somebody has ordered meanwhile, what they ordered is told it again: the last one counts."""
    if order.settled_at is not None:
        return
    try:
        _tell(order)
    except client.NotTaken as words:
        settling.refused(order, LimitOrder.Code.NOT_TAKEN, said=str(words)[:1_000])
        return
    settling.applied(order)
    last = _last(order.queue)
    if last is not None and last.pk != order.pk:
        _tell(last)


def _tell(order: LimitOrder) -> None:
    client.limit_queue(order.queue, order.limit, identity=identity_of(order), reason=order.reason)
    told.expire(order.queue)


def _last(queue: str) -> LimitOrder | None:
    return LimitOrder.objects.filter(queue=queue, number__isnull=False).order_by("-number").first()


# --- the chores of every worker ---------------------------------------------------------------------------------


def send_unsettled() -> int:
    """What no answer came to, under the same ids. Asked every second by each worker."""
    return sending.see_to_all(LimitOrder, _see_to)


def _see_to(order: LimitOrder) -> bool:
    """False: Temporal cannot be asked now."""
    if too_late(order):
        return settling.refused(order, LimitOrder.Code.LATE)
    return send(order) == State.SENT


def keep() -> int:
    """Where an order from before arrived after the last one, the last one is told again. How many were put right.

    What somebody set at the server by other means is theirs: it stays, and the page says so.
    """
    done = 0
    for line in LimitedQueue.objects.filter(orders__gt=1):
        last = _last(line.name)
        if last is not None and _one_may_come_late(last):
            done += _looked_at(last)
    return done


def _one_may_come_late(last: LimitOrder) -> bool:
    if last.state != State.APPLIED:
        return False
    recent = timezone.now() - WATCHED
    return LimitOrder.objects.filter(queue=last.queue, number__lt=last.number, made_at__gt=recent).exists()


def _looked_at(last: LimitOrder) -> bool:
    try:
        return _put_right(last)
    except client.ClientError as error:
        log.debug("The limit of %s cannot be looked at now: %s", last.queue, error)
        return False


def _put_right(last: LimitOrder) -> bool:
    stands = order_in(client.queue_told(last.queue).set_by)
    if stands is None or stands.number is None or stands.number >= (last.number or 0):
        return False
    log.warning("An order from before had come late: the limit of %s is what was ordered last, again.", last.queue)
    _tell(last)
    return True
