"""A click becomes a row, once; and what its receipt says, as soon as something is known."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.auth.models import User
from django.utils import timezone

from accounts.ordering.rows import ClickedOrder, State
from live.writes import write

O = TypeVar("O", bound=ClickedOrder)  # noqa: E741

PATIENCE = 2.0
"""Seconds that a page waits for its receipt before it says "being recorded"."""
MAX_ORDER_ID = 64


@dataclass(frozen=True)
class Receipt(Generic[O]):
    """What is known of an order: "recorded", "recording" (safe to leave), "refused" or "not_sent"."""

    state: str
    reason: str
    order: O | None


def is_order_id(order_id: str) -> bool:
    return 0 < len(order_id) <= MAX_ORDER_ID and order_id.isprintable()


def take(
    model: type[O],
    order_id: str,
    facts: Mapping[str, Any],
    by: User,
    *,
    about: tuple[str, ...],
    same: Callable[[O], bool],
) -> tuple[O | None, bool]:
    """This click's row, and whether its signal is ours to send; None where the id is another order's.

    ``about``: the facts that make it another order; ``same``: whether the others are what was asked.
    """
    whole = {
        **facts, "user": by, "username": by.get_username(), "made_at": timezone.now(), "state": State.MADE
    }  # fmt: skip
    with write():
        rows = model._default_manager.select_for_update()
        row, new = rows.get_or_create(order_id=order_id, defaults=whole)
        if new:
            return row, True
        if any(getattr(row, name) != whole[name] for name in ("user", *about)):
            return None, False
        if row.state == State.NOT_SENT:  # it surely never arrived: it may be put in other words
            for name, value in whole.items():
                setattr(row, name, value)
            row.save()
            return row, True
        return (row, False) if same(row) else (None, False)


def wait_for(made: O, receipt_of: Callable[[O], Receipt[O]], patience: float) -> Receipt[O]:
    """Until the word has settled it, or patience runs out. Polling a row costs microseconds."""
    until, pause = time.monotonic() + patience, 0.004
    while True:
        made.refresh_from_db()
        receipt = receipt_of(made)
        if receipt.state != "recording" or time.monotonic() > until:
            return receipt
        time.sleep(pause)
        pause = min(pause * 1.15, 0.05)


_STATES = {
    State.APPLIED: "recorded",
    State.REFUSED: "refused",
    State.NOT_SENT: "not_sent",
}


def state_told(order: ClickedOrder) -> str:
    """Never "failed" where it is only unknown."""
    return _STATES.get(State(order.state), "recording")
