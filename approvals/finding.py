"""Finding requests: each view in each order, searched and filtered, in pages by key; no more than is shown is sorted.

Either something narrows the list to a few, which are then looked at one by one; or much matches, and the index of the
order is walked until a page is full. SQLite, which knows nothing of how many there are, is told which of the two.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from approvals import asking, searched
from approvals.access import Sight, at_levels, visible, visible_apart
from approvals.asking import Asked
from approvals.models import Request, Status, Step
from approvals.places import Key, Order, behind, in_order, ordered, place_of, read_place

Listed = tuple[QuerySet[Any], str]
"""Rows, and the index that holds them in order: SQLite is told."""
FEW = 2_000
"""So many requests are looked at one by one; with more, the order's index is walked."""


@dataclass(frozen=True)
class Found:
    """The keys of one page in order, where the next begins ("": this is the last), and whether the place was read."""

    pks: tuple[int, ...]
    next: str = ""
    readable: bool = True


def order_of(asked: Asked) -> Order:
    key = "request_id" if asked.view == "decided" else "id"
    if asked.order == "amount":
        return Order("amount", down=True, nulls=1, key=key)
    if asked.order == "age":
        return Order(key, key=key)
    if asked.order == "due":
        return Order("deadline", nulls={"waiting": 0, "open": -1}.get(asked.view, 1))
    latest = {"decided": Order("decided_at", down=True, key=key), "closed": Order("closed_at", down=True)}
    return latest.get(asked.view, Order("id", down=True))


_WALKS = {
    ("waiting", "due"): "waiting_by_level",
    ("waiting", "amount"): "waiting_by_amount",
    ("waiting", "age"): "waiting_by_age",
    ("open", "due"): "open_by_deadline",
    ("open", "amount"): "open_by_amount",
    ("open", "age"): "open_by_age",
    ("decided", "latest"): "decided_by_time",
    ("decided", "amount"): "decided_by_amount",
    ("decided", "age"): "decided_by_age",
    ("closed", "latest"): "closed_by_time",
    ("closed", "amount"): "closed_by_amount",
}
"""Which index holds which view in which order. One's own are few enough to be sorted."""
_PARTS = {("open", "own"): "mine_open", ("closed", "own"): "mine", ("open", "chain"): "", ("closed", "chain"): ""}
"""And which holds a part of it ("": none, they are looked up by key)."""


def find(sight: Sight, asked: Asked, limit: int) -> Found:
    """One page. A place that cannot be read is the first page, and is said."""
    order = order_of(asked)
    place = read_place(order, asked.after)
    few, still = _few(sight, asked, order)
    if few is None:
        parts = [(part, index) for rows, index in _lists(sight, asked) for part in in_order(rows, order, place)]
        keys = ordered(_keys(parts, order, limit + 1), order)
    else:
        keys = behind(place, _keys([_of_few(sight, still, few)], order, FEW), order)
    following = place_of(keys[limit - 1]) if len(keys) > limit else ""
    return Found(tuple(pk for _value, pk in keys[:limit]), following, place is not None or not asked.after)


def soonest(sight: Sight, limit: int) -> tuple[int, ...]:
    """Of all that they may see, and that waits for somebody, what runs out first."""
    order, index = Order("deadline"), _WALKS["open", "due"]
    waits = Q(status=Status.WAITING, deadline__isnull=False)
    parts = [
        (part, _PARTS.get(("open", how), index))
        for how, rows in visible_apart(sight, closed=False)
        for part in in_order(rows.filter(waits), order, None)
    ]
    return tuple(pk for _value, pk in ordered(_keys(parts, order, limit), order)[:limit])


# --- what a view holds ------------------------------------------------------------------------------------------------


def _of_few(sight: Sight, asked: Asked, few: list[int]) -> Listed:
    """A view's rows among these requests, which are looked up one by one."""
    if asked.view == "decided":
        return decided_by(sight, _narrowed(asked)).filter(request_id__in=few).order_by(), "decided_by_age"
    if asked.view == "waiting":
        rows = Request.objects.filter(mine_to_decide(sight, _levels(sight, asked)))
    elif asked.view == "mine":
        rows = Request.objects.filter(requester_id=sight.user_id)
    else:
        rows = visible(sight).filter(closed_at__isnull=asked.view == "open")
    return rows.filter(_narrowed(asked), pk__in=few).order_by(), ""


def _lists(sight: Sight, asked: Asked) -> Iterator[Listed]:
    """A view's rows as lists of which each has an index: what waits level by level, what is seen by why it is."""
    index, narrowed = _WALKS.get((asked.view, asked.order), "mine"), _narrowed(asked)
    if asked.view == "waiting":
        for level in _levels(sight, asked):
            yield Request.objects.filter(mine_to_decide(sight, [level]), narrowed), index
    elif asked.view == "mine":
        yield Request.objects.filter(narrowed, requester_id=sight.user_id), index
    elif asked.view == "decided":
        yield decided_by(sight, narrowed), index
    else:
        key = (
            "searched__request" if asked.q or asked.requester else "pk"
        )  # what is searched for is the rarer of the two
        for how, rows in visible_apart(sight, closed=asked.view == "closed", narrowed=asked.narrowed, key=key):
            yield rows.filter(narrowed), _PARTS.get((asked.view, how), index)


def _levels(sight: Sight, asked: Asked) -> list[str]:
    return [level for level in sight.deciding if asked.level in ("", level)]


def decided_by(sight: Sight, narrowed: Q | None = None) -> QuerySet[Step]:
    """What this person decided on, and still may see; at two levels of one request: once, at the later one."""
    own = Step.objects.filter(decided_by_id=sight.user_id, decided_at__isnull=False)
    later = own.filter(request=OuterRef("request"), index__gt=OuterRef("index")).order_by()
    # One look for each row walked, as in ``access``; and none where they decide at the level of the step itself.
    request = {"pk__gte": OuterRef("request_id"), "pk__lte": OuterRef("request_id")}
    seen = Q(Exists(visible(sight).filter(narrowed or Q(), **request)))
    return own.filter(~Exists(later), seen if narrowed else Q(level__in=sight.unlimited) | seen)


def mine_to_decide(sight: Sight, levels: Iterable[str]) -> Q:
    """The condition under which this person decides next, at these levels, as the worker will check it again."""
    condition: Q = (
        Q(closed_at=None, status=Status.WAITING, deadline__isnull=False)
        & at_levels(sight, levels, "current_level", "kind", "requester_id", _once)
        & (Q(self_approval=True) | ~Q(requester_id=sight.user_id))
        & _once(sight.user_id)
    )
    return condition


def _once(user_id: int) -> Q:
    """Where one person approves one level only: this one has approved none, nor has somebody for them.

    Those that are open are few, whoever it is: they are read first, and not looked for in each row.
    """
    approved = Step.objects.filter(state=Step.State.APPROVED, closed_at=None).order_by().values("request_id")
    theirs, for_them = approved.filter(decided_by_id=user_id), approved.filter(on_behalf_of_id=user_id)
    return Q(distinct_approvers=False) | ~(Q(Among("pk", Subquery(theirs))) | Q(Among("pk", Subquery(for_them))))


class Among(Func):
    """Whether a key is one of those that a query finds: for PostgreSQL an array, or it would expect half of all."""

    output_field = BooleanField()
    template, arg_joiner = "%(expressions)s", " IN "

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY", **more)


# --- what narrows it --------------------------------------------------------------------------------------------------


def _few(sight: Sight, asked: Asked, order: Order) -> tuple[list[int] | None, Asked]:
    """The keys that the first narrow enough condition leaves (None: every one leaves many), and what is still asked."""
    for keys, settled in _narrowings(sight, asked, order):
        found = keys(FEW + 1)
        if len(found) <= FEW:
            return found, replace(asked, **dict.fromkeys(settled, ""))
    return None, asked


Narrowing = tuple[Callable[[int], list[int]], tuple[str, ...]]
"""What finds so many keys, and of what is asked that which need not be looked at again in what it found."""


def _narrowings(sight: Sight, asked: Asked, order: Order) -> Iterator[Narrowing]:
    """Each by an index of its own, and no further than it takes to know that it leaves many."""
    if asked.narrowed and asked.view in ("mine", "decided"):
        mine, decided = Request.objects.filter(requester_id=sight.user_id), decided_by(sight)
        yield _first(mine) if asked.view == "mine" else _first(decided, "request_id"), ()
    for name, column in (("q", "text"), ("requester", "who")):
        if searched.words(text := getattr(asked, name)):
            yield partial(searched.matching, column, text), (name,) if searched.exact() else ()
    if asked.narrowed and not sight.everything and not sight.deciding:
        yield _first(visible(sight)), ()
    for column, condition in _conditions(asked):
        if column != order.column:  # which bounds the walk itself
            yield _first(Request.objects.filter(condition, _open_or_closed(asked))), ()


def _first(rows: QuerySet[Any], key: str = "pk") -> Callable[[int], list[int]]:
    return lambda limit: list(rows.order_by().values_list(key, flat=True)[:limit])


def _open_or_closed(asked: Asked) -> Q:
    """So that the index of what is open, or closed, can be used."""
    known = {"waiting": True, "open": True, "closed": False}
    return Q(closed_at__isnull=known[asked.view]) if asked.view in known else Q()


def _narrowed(asked: Asked) -> Q:
    conditions = Q()
    for column, text in (("text", asked.q), ("who", asked.requester)):
        conditions &= searched.says(column, text)
    for _column, condition in _conditions(asked):
        conditions &= condition
    return conditions


def _conditions(asked: Asked) -> Iterator[tuple[str, Q]]:
    """Each with the column of which it is a range ("": of none)."""
    if asked.state:
        yield "deadline" if asked.state == "late" else "", _state(asked.state)
    if asked.level and asked.view == "open":
        yield "", Q(current_level=asked.level, status=Status.WAITING)
    elif asked.level and asked.view != "waiting":
        yield "", Q(pk__in=Step.objects.filter(level=asked.level).values("request_id"))
    if asked.kind:
        yield "", Q(kind=asked.kind)
    low, high = asking.amount(asked.amount_from), asking.amount(asked.amount_to)
    if low is not None:
        yield "amount", Q(amount__gte=low)
    if high is not None:
        yield "amount", Q(amount__lte=high)
    if due := asking.day(asked.due_before):
        yield "deadline", Q(deadline__lt=datetime.combine(due, time.min, timezone.get_current_timezone()))


def _state(state: str) -> Q:
    if state == "late":
        return Q(status=Status.WAITING, deadline__lt=timezone.now())
    return Q(status=state) if state in Status.values else Q(pk__in=[])


# --- how it is asked --------------------------------------------------------------------------------------------------


def _keys(parts: list[Listed], order: Order, limit: int) -> set[Key]:
    """(value, id) of the first rows of each list, in one statement; a row may be in two of them."""
    pk = {"id": "pk", "request_id": "request"}[order.key]  # another name, for the column may be the same
    wanted = [(rows.values_list(order.column, pk)[:limit], index) for rows, index in parts]
    compilers, found = [], []
    for rows, index in wanted:
        compiler = rows.query.get_compiler(connection=connection)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            continue
        compilers.append(compiler)
        found.append((_hinted(sql, index), params))
    if not found:
        return set()
    with connection.cursor() as cursor:
        sql = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql, _params in found)
        cursor.execute(sql, [value for _sql, params in found for value in params])
        return {tuple(row) for row in compilers[0].results_iter([cursor.fetchall()], tuple_expected=True)}


_TABLE = re.compile('FROM "approvals_(request|step)"')


def _hinted(sql: str, index: str) -> str:
    """SQLite without statistics takes any equality for a rare one; PostgreSQL knows better."""
    if connection.vendor != "sqlite":
        return sql
    return _TABLE.sub(lambda found: f'{found[0]} INDEXED BY "{index}"' if index else f"{found[0]} NOT INDEXED", sql, 1)
