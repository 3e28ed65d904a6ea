"""Finding requests: each view in each order, searched and filtered, in pages by key; no more than is shown is sorted.

Either something narrows the list to a few, which are then looked at one by one; or much matches, and the index of the
order is walked until a page is full. SQLite, which knows nothing of how many there are, is told which of the two.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from approvals import asking, searched
from approvals.access import Sight, visible
from approvals.asking import Asked
from approvals.models import Request, Status, Step

Key = tuple[Any, int]
Hint = tuple[str, str]
"""For SQLite: after these words, this index."""
_TABLE = 'FROM "approvals_request"'
_STEPS = 'INNER JOIN "approvals_step" own'
_NO_INDEX = (_TABLE, "NOT INDEXED")
FEW = 2_000
"""So many requests are looked at one by one; with more, the order's index is walked."""


@dataclass(frozen=True)
class Order:
    """By this column, ties by id in its direction. ``nulls``: rows without it: first (-1), last (1), never (0)."""

    column: str
    down: bool = False
    nulls: int = 0


@dataclass(frozen=True)
class Found:
    """The keys of one page in order, where the next begins ("": this is the last), and whether the place was read."""

    pks: tuple[int, ...]
    next: str = ""
    readable: bool = True


def order_of(asked: Asked) -> Order:
    if asked.order == "amount":
        return Order("amount", down=True, nulls=1)
    if asked.order == "age":
        return Order("id")
    if asked.order == "due":
        return Order("deadline", nulls={"waiting": 0, "open": -1}.get(asked.view, 1))
    latest = {"decided": Order("own__decided_at", down=True), "closed": Order("closed_at", down=True)}
    return latest.get(asked.view, Order("id", down=True))


_WALKS = {
    ("waiting", "due"): "waiting_by_level",
    ("waiting", "amount"): "waiting_by_amount",
    ("waiting", "age"): "waiting_by_age",
    ("open", "due"): "open_by_deadline",
    ("open", "amount"): "open_by_amount",
    ("open", "age"): "open_by_age",
    ("mine", "latest"): "mine",
    ("mine", "due"): "mine",
    ("mine", "amount"): "mine",
    ("mine", "age"): "mine",
    ("closed", "latest"): "closed_by_time",
    ("closed", "amount"): "closed_by_amount",
}
"""Which index holds which view in which order. The others are walked by id, or from the steps that somebody decided."""


def find(sight: Sight, asked: Asked, limit: int) -> Found:
    """One page. A place that cannot be read is the first page, and is said."""
    order = order_of(asked)
    place = _read_place(order, asked.after)
    few = _few(sight, asked)
    keys: list[Key] = []
    for rows in _lists(sight, asked, apart=few is None):
        rows = rows.filter(_narrowed(asked, few))
        if few is not None:
            keys += _keys(rows.order_by(), order, FEW, _NO_INDEX)
            continue
        for part in _in_order(rows, order, place):
            keys += _keys(part, order, limit + 1, _hint(asked))
    keys = (_sorted(keys, order) if few is None else _behind(place, keys, order))[: limit + 1]
    following = _place(keys[limit - 1]) if len(keys) > limit else ""
    return Found(tuple(pk for _value, pk in keys[:limit]), following, place is not None or not asked.after)


# --- what a view holds ------------------------------------------------------------------------------------------------


def _lists(sight: Sight, asked: Asked, *, apart: bool = True) -> Iterator[QuerySet[Request]]:
    """A view's rows. ``apart``: what waits comes level by level, each in the order of its index."""
    if asked.view == "waiting":
        levels = [level for level in sight.deciding if asked.level in ("", level)]
        for some in [[level] for level in levels] if apart else [levels]:
            yield Request.objects.filter(mine_to_decide(sight), current_level__in=some)
    elif asked.view == "mine":
        yield Request.objects.filter(requester_id=sight.user_id)
    elif asked.view == "decided":
        yield decided_by(sight)
    else:
        yield visible(sight).filter(closed_at__isnull=asked.view == "open")


def decided_by(sight: Sight) -> QuerySet[Request]:
    """What this person decided on, and still may see; at two levels of one request: once, at the later one."""
    own = FilteredRelation("steps", condition=Q(steps__decided_by_id=sight.user_id))
    later = Step.objects.filter(
        request=OuterRef("pk"), decided_by_id=sight.user_id, decided_at__isnull=False, index__gt=OuterRef("own__index")
    )
    return visible(sight).alias(own=own).filter(~Exists(later), own__decided_at__isnull=False)


def mine_to_decide(sight: Sight) -> Q:
    """The condition under which this person decides next, as the worker will check it again."""
    reached = sight.within()
    for lent, theirs in sight.lent("current_level", "kind", "requester_id"):
        reached |= theirs & _once(lent.holder_id)
    condition: Q = (
        Q(closed_at=None, status=Status.WAITING, deadline__isnull=False, current_level__in=sight.deciding)
        & reached
        & (Q(self_approval=True) | Q(requester=None) | ~Q(requester_id=sight.user_id))
        & _once(sight.user_id)
    )
    return condition


def _once(user_id: int) -> Q:
    """Where one person approves one level only: this one has approved none, nor has somebody for them."""
    theirs = Q(decided_by_id=user_id) | Q(on_behalf_of_id=user_id)
    approved_already = Step.objects.filter(theirs, request=OuterRef("pk"), state=Step.State.APPROVED)
    return Q(distinct_approvers=False) | ~Q(Exists(approved_already))


# --- what narrows it --------------------------------------------------------------------------------------------------


def _few(sight: Sight, asked: Asked) -> list[int] | None:
    """The keys that the first narrow enough condition leaves; None where every one of them leaves many."""
    for keys in _narrowings(sight, asked):
        found = keys(FEW + 1)
        if len(found) <= FEW:
            return found
    return None


def _narrowings(sight: Sight, asked: Asked) -> Iterator[Callable[[int], list[int]]]:
    """Each by an index of its own, and no further than it takes to know that it leaves many."""
    if asked.narrowed and asked.view in ("mine", "decided"):
        own = {"mine": Request.objects.filter(requester_id=sight.user_id), "decided": decided_by(sight)}[asked.view]
        yield _first(own)
    for column, text in (("text", asked.q), ("who", asked.requester)):
        if searched.words(text):
            yield partial(searched.matching, column, text)
    if asked.narrowed and not sight.everything and not sight.deciding:
        yield _first(visible(sight))
    for condition in _conditions(asked):
        yield _first(Request.objects.filter(condition, _open_or_closed(asked)))


def _first(rows: QuerySet[Request]) -> Callable[[int], list[int]]:
    return lambda limit: list(rows.order_by().values_list("pk", flat=True)[:limit])


def _open_or_closed(asked: Asked) -> Q:
    """So that the index of what is open, or closed, can be used."""
    known = {"waiting": True, "open": True, "closed": False}
    return Q(closed_at__isnull=known[asked.view]) if asked.view in known else Q()


def _narrowed(asked: Asked, few: list[int] | None) -> Q:
    conditions = Q() if few is None else Q(pk__in=few)
    for column, text in (("text", asked.q), ("who", asked.requester)):
        conditions &= searched.says(column, text)
    for condition in _conditions(asked):
        conditions &= condition
    return conditions


def _conditions(asked: Asked) -> Iterator[Q]:
    if asked.state:
        yield _state(asked.state)
    if asked.level and asked.view == "open":
        yield Q(current_level=asked.level, status=Status.WAITING)
    elif asked.level and asked.view != "waiting":
        yield Q(pk__in=Step.objects.filter(level=asked.level).values("request_id"))
    if asked.kind:
        yield Q(kind=asked.kind)
    low, high = asking.amount(asked.amount_from), asking.amount(asked.amount_to)
    if low is not None:
        yield Q(amount__gte=low)
    if high is not None:
        yield Q(amount__lte=high)
    if due := asking.day(asked.due_before):
        yield Q(deadline__lt=datetime.combine(due, time.min, timezone.get_current_timezone()))


def _state(state: str) -> Q:
    if state == "late":
        return Q(status=Status.WAITING, deadline__lt=timezone.now())
    return Q(status=state) if state in Status.values else Q(pk__in=[])


# --- in order, from a place -------------------------------------------------------------------------------------------


def _in_order(rows: QuerySet[Request], order: Order, place: Key | None) -> Iterator[QuerySet[Request]]:
    """The rows from this place on; those without a value are a list of their own, so that each list has an index."""
    sign = "-" if order.down else ""
    if order.column == "id":
        yield rows.filter(_beyond(order, place)).order_by(f"{sign}id")
        return
    without, at_nulls = order.nulls, place is not None and place[0] is None
    if without == 0 or not at_nulls or without < 0:
        with_value = rows.filter(**{f"{order.column}__isnull": False}) if without else rows
        beyond = Q() if at_nulls else _beyond(order, place)
        yield with_value.filter(beyond).order_by(f"{sign}{order.column}", f"{sign}id")
    if without and (place is None or at_nulls or without > 0):
        ids = Q(**{f"id__{_than(order)}": place[1]}) if place and at_nulls else Q()
        yield rows.filter(ids, **{f"{order.column}__isnull": True}).order_by(f"{sign}{order.column}", f"{sign}id")


def _than(order: Order) -> str:
    return "lt" if order.down else "gt"


def _beyond(order: Order, place: Key | None) -> Q:
    if place is None:
        return Q()
    value, pk = place
    if order.column == "id":
        return Q(**{f"id__{_than(order)}": pk})
    further = Q(**{f"{order.column}__{_than(order)}": value})
    tied = Q(**{order.column: value, f"id__{_than(order)}": pk})
    return Q(**{f"{order.column}__{_than(order)}e": value}) & (further | tied)


def _sorted(keys: Iterable[Key], order: Order) -> list[Key]:
    """Several lists as one."""
    with_value = sorted((key for key in keys if key[0] is not None), reverse=order.down)
    without = sorted((key for key in keys if key[0] is None), reverse=order.down, key=lambda key: key[1])
    return without + with_value if order.nulls < 0 else with_value + without


def _behind(place: Key | None, keys: Iterable[Key], order: Order) -> list[Key]:
    """Those that stand behind the place, whether or not it still is one of them."""
    if place is None:
        return _sorted(keys, order)
    ordered = _sorted({*keys, place}, order)
    return ordered[ordered.index(place) + 1 :]


def _place(key: Key) -> str:
    value, pk = key
    return f"{value.isoformat() if isinstance(value, datetime) else '' if value is None else value}_{pk}"


def _read_place(order: Order, after: str) -> Key | None:
    """As it stands in an address; None for what is not a place in this order."""
    value, _sep, pk = after.rpartition("_")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    if not value:
        return (None, int(pk)) if order.nulls else None
    try:
        return _value(order.column, value), int(pk)
    except (ValueError, InvalidOperation):
        return None


def _value(column: str, text: str) -> Any:
    if column == "id":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else int("")
    if column == "amount":
        amount = Decimal(text)
        return amount if amount.is_finite() and abs(amount) < 10**13 else Decimal("")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- how it is asked --------------------------------------------------------------------------------------------------


def _hint(asked: Asked) -> Hint:
    if (asked.view, asked.order) == ("decided", "latest"):
        return _STEPS, 'INDEXED BY "decided_by_time"'
    index = _WALKS.get((asked.view, asked.order))
    return _TABLE, f'INDEXED BY "{index}"' if index else ""


def _keys(rows: QuerySet[Request], order: Order, limit: int, hint: Hint) -> list[Key]:
    """(value, id) of the first rows. Hints are SQLite's: without statistics it takes any equality for a rare one."""
    wanted = rows.values_list(order.column, "pk")[:limit]
    if connection.vendor != "sqlite":
        return list(wanted)
    compiler = wanted.query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return []
    behind, index = hint
    with connection.cursor() as cursor:
        cursor.execute(sql.replace(behind, f"{behind} {index}", 1), params)
        return [tuple(row) for row in compiler.results_iter([cursor.fetchall()], tuple_expected=True)]
