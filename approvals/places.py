"""Places in an ordered list: how one is written in an address, and the rows of a list from there on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet

Key = tuple[Any, int]
"""What a list is ordered by, and the request's id."""


@dataclass(frozen=True)
class Order:
    """By this column, ties by id in its direction. ``nulls``: rows without it: first (-1), last (1), never (0).

    ``key``: the column of the id in the table whose index is walked.
    """

    column: str
    down: bool = False
    nulls: int = 0
    key: str = "id"


def in_order(rows: QuerySet[Any], order: Order, place: Key | None) -> Iterator[QuerySet[Any]]:
    """The rows from this place on; those without a value are a list of their own, so that each list has an index."""
    sign = "-" if order.down else ""
    if order.column == order.key:
        yield rows.filter(_beyond(order, place)).order_by(f"{sign}{order.key}")
        return
    without, at_nulls = order.nulls, place is not None and place[0] is None
    if without == 0 or not at_nulls or without < 0:
        with_value = rows.filter(**{f"{order.column}__isnull": False}) if without else rows
        beyond = Q() if at_nulls else _beyond(order, place)
        yield with_value.filter(beyond).order_by(f"{sign}{order.column}", f"{sign}{order.key}")
    if without and (place is None or at_nulls or without > 0):
        ids = Q(**{f"{order.key}__{_than(order)}": place[1]}) if place and at_nulls else Q()
        yield rows.filter(ids, **{f"{order.column}__isnull": True}).order_by(
            f"{sign}{order.column}", f"{sign}{order.key}"
        )


def _than(order: Order) -> str:
    return "lt" if order.down else "gt"


def _beyond(order: Order, place: Key | None) -> Q:
    if place is None:
        return Q()
    value, pk = place
    if order.column == order.key:
        return Q(**{f"{order.key}__{_than(order)}": pk})
    further = Q(**{f"{order.column}__{_than(order)}": value})
    tied = Q(**{order.column: value, f"{order.key}__{_than(order)}": pk})
    return Q(**{f"{order.column}__{_than(order)}e": value}) & (further | tied)


def ordered(keys: Iterable[Key], order: Order) -> list[Key]:
    """Several lists as one."""
    with_value = sorted((key for key in keys if key[0] is not None), reverse=order.down)
    without = sorted((key for key in keys if key[0] is None), reverse=order.down, key=lambda key: key[1])
    return without + with_value if order.nulls < 0 else with_value + without


def behind(place: Key | None, keys: Iterable[Key], order: Order) -> list[Key]:
    """Those that stand behind the place, whether or not it still is one of them."""
    if place is None:
        return ordered(keys, order)
    found = ordered({*keys, place}, order)
    return found[found.index(place) + 1 :]


def place_of(key: Key) -> str:
    value, pk = key
    return f"{value.isoformat() if isinstance(value, datetime) else '' if value is None else value}_{pk}"


def read_place(order: Order, after: str) -> Key | None:
    """As it stands in an address; None for what is not a place in this order."""
    value, _sep, pk = after.rpartition("_")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    if not value:
        return (None, int(pk)) if order.nulls else None
    try:
        return _value(order, value), int(pk)
    except (ValueError, InvalidOperation):
        return None


def _value(order: Order, text: str) -> Any:
    if order.column == order.key:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else int("")
    if order.column == "amount":
        amount = Decimal(text)
        return amount if amount.is_finite() and abs(amount) < 10**13 else Decimal("")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
