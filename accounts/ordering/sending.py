"""From orders to what they are about: sent, and sent again under the same id until it is known what came of them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.ordering.rows import ClickedOrder, State
from live.counting import count
from live.writes import write
from worker import client

log = logging.getLogger(__name__)

O = TypeVar("O", bound=ClickedOrder)  # noqa: E741

LATE = timedelta(minutes=15)
"""An order that could not be sent for so long is not sent any more: nobody would expect it to come."""
TRIES = 3
"""So often it is sent to what takes it and does not answer; then that is looked at."""


def send(order: O, signal: Callable[[O], None], *, again: bool = False) -> State:
    """Send an order's signal, and note what is known of it. A timeout is *unknown*, never "failed".

    ``again``: a refused connection leaves it unknown, for the first sending may have arrived. That it was sent is noted
    by :func:`note_sent`, once the word is slow to come: mostly it is there in a moment.
    """
    try:
        signal(order)
    except client.Unreachable:
        return _note(order, State.UNKNOWN if again else State.NOT_SENT)
    except client.ClientError as error:
        log.warning("The order %s is unknown, and will be sent again: %s", order.order_id, error)
        return _note(order, State.UNKNOWN)
    return State.SENT


def note_sent(order: ClickedOrder) -> None:
    """Its signal has arrived, the word has not come yet: it is not to be sent again for a while."""
    _note(order, State.SENT)


def _note(order: ClickedOrder, state: State) -> State:
    """Compare and set: the word may have settled it already, and stands."""
    with write():
        noted = _unsettled(order).update(state=state, sent_at=timezone.now(), tries=F("tries") + 1)
        if noted and state == State.NOT_SENT:
            count(order.counter, action=order.action, outcome="not_sent")
    return state


def give_up(order: ClickedOrder, code: str, said: str) -> bool:
    """Nobody will answer any more. Compare and set: the word may have come meanwhile."""
    with write():
        done = _unsettled(order).update(state=State.REFUSED, code=code, why_not=said, settled_at=timezone.now())
        if done:
            count(order.counter, action=order.action, outcome=str(code))
    return bool(done)


def _unsettled(order: O) -> QuerySet[O]:
    return type(order)._default_manager.filter(pk=order.pk, settled_at=None)


# --- the chore of every worker ----------------------------------------------------------------------------------


def to_send(model: type[O]) -> QuerySet[O]:
    """What is not known to have arrived, or to have been taken; one index answers where there is nothing."""
    now = timezone.now()
    due = Q(state=State.MADE, made_at__lt=now - timedelta(seconds=5)) | Q(
        state=State.UNKNOWN, sent_at__lt=now - timedelta(seconds=3)
    )
    unanswered = Q(state=State.SENT, sent_at__lt=now - timedelta(seconds=20))
    return model._default_manager.filter(due | unanswered, settled_at=None).order_by("made_at")


def see_to_all(model: type[O], see_to: Callable[[O], bool]) -> int:
    """How many were seen to, up to the first for which Temporal could not be asked."""
    done = 0
    for order in to_send(model)[:50]:
        if not see_to(order):
            break
        done += 1
    return done


def to_be_looked_at(order: ClickedOrder) -> bool:
    """It was taken several times, and no word came."""
    return order.state == State.SENT and order.tries >= TRIES


def too_late(order: ClickedOrder) -> bool:
    return order.made_at < timezone.now() - LATE


def look_later(order: ClickedOrder) -> bool:
    _note(order, State.SENT)
    return True
