"""What tests of clicks do: at the same moment, later, until it is settled."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connections
from django.utils import timezone

from accounts.ordering.rows import ClickedOrder
from approvals.models import Attempt
from tests.temporal import until

Clicked = TypeVar("Clicked", ClickedOrder, Attempt)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of them at the same moment, each in a thread of its own; what each gave, in their order."""
    ready = threading.Barrier(len(calls))
    gave: list[Any] = [None] * len(calls)

    def one(place: int, call: Callable[[], Any]) -> None:
        try:
            ready.wait(20)
            gave[place] = call()
        except BaseException as error:
            gave[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in gave:
        if isinstance(each, BaseException):
            raise each
    return gave


def settled(click: Clicked) -> Clicked:
    def there() -> bool:
        click.refresh_from_db()
        return click.settled_at is not None

    until(there, what="the click is settled")
    return click


def waited(order: ClickedOrder, **ago: float) -> None:
    """As if it had been sent, and made, so long ago."""
    past = timezone.now() - timedelta(**ago)
    type(order)._default_manager.filter(pk=order.pk).update(made_at=past, sent_at=past)
