"""Every list of requests: what waits for me, open, mine, closed; in pages by key, so that depth costs nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from approvals.access import Sight, sight_of, visible
from approvals.models import Request, Status, Step
from approvals.once import once
from approvals.rows import Row, level_titles, rows_of
from approvals.words import in_a_sentence, listed

PAGE = 50
CAP = 1_000
VIEWS = ("waiting", "open", "mine", "closed")


@dataclass(frozen=True)
class Page:
    """Some rows, and the key at which the next page begins ("" if this is the last)."""

    rows: tuple[Row, ...]
    next: str = ""


def waiting_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What this person can decide now, soonest deadline first."""
    sight = sight_of(user)
    wanted = Request.objects.filter(pk__in=_first_waiting(sight, limit + 1, after))
    return _page(sight, by_deadline(wanted, ""), limit, _deadline_key)


def _first_waiting(sight: Sight, limit: int, after: str) -> list[int]:
    """Level by level, each in the order of its index: sorting all that waits would cost more, the more there is."""
    keys: list[tuple[Any, int]] = []
    for level in sight.deciding:
        rows = by_deadline(_mine_to_decide(sight).filter(current_level=level), after)
        keys += rows.values_list("deadline", "pk")[:limit]
    return [pk for _deadline, pk in sorted(keys)[:limit]]


def open_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """Everything open that this person may see; first what has no deadline: not started, or its action failed."""
    sight = sight_of(user)
    return _page(sight, by_deadline(visible(sight).filter(closed_at=None), after), limit, _deadline_key)


def mine(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What this person asked for, newest first."""
    sight = sight_of(user)
    rows = Request.objects.filter(requester_id=sight.user_id).order_by("-id")
    if after.isascii() and after.isdigit():
        rows = rows.filter(id__lt=int(after[:18]))
    return _page(sight, rows, limit, lambda last: str(last.pk))


def closed_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What is decided, latest first."""
    sight = sight_of(user)
    rows = visible(sight).filter(closed_at__isnull=False).order_by("-closed_at", "-id")
    key = _read_key(after)
    if key and (at := key[0]):
        pk = key[1]
        rows = rows.filter(Q(closed_at__lt=at) | Q(closed_at=at, id__lt=pk)).filter(closed_at__lte=at)
    return _page(sight, rows, limit, lambda last: _key(last.closed_at, last.pk))


LISTS = {"waiting": waiting_for, "open": open_for, "mine": mine, "closed": closed_for}


OTHERS = 5
"""So many open requests that wait for others stand below those that wait for me."""


@dataclass(frozen=True)
class Inbox:
    """All that the inbox shows of one view."""

    view: str
    page: Page
    counts: dict[str, str]
    levels: tuple[str, ...]
    waiting: int
    after: str = ""
    others: tuple[Row, ...] = ()

    @property
    def too_many(self) -> bool:
        """More than anybody counts, or wants to read as a number."""
        return self.waiting > CAP

    @property
    def as_levels(self) -> str:
        return listed([in_a_sentence(level) for level in self.levels])


def inbox(user: Any, view: str, after: str = "") -> Inbox:
    sight, titles = sight_of(user), level_titles()
    page, counts = LISTS[view](sight, after=after), counts_for(sight)
    return Inbox(
        view=view,
        page=page,
        counts={name: said(count) for name, count in counts.items()},
        levels=tuple(titles.get(level, level) for level in sight.levels),
        waiting=counts["waiting"],
        after=after,
        others=_with_others(sight, page) if view == "waiting" and not after and not page.next else (),
    )


def _with_others(sight: Sight, mine_now: Page) -> tuple[Row, ...]:
    """What waits for me is open too, so that many more rows are sure to hold some for others, if there are any."""
    found = open_for(sight, limit=len(mine_now.rows) + OTHERS).rows
    return tuple(row for row in found if not row.can_decide)[:OTHERS]


def due_soonest(user: Any, limit: int = 5) -> tuple[Row, ...]:
    """Of all that this person may see, what runs out first."""
    sight = sight_of(user)
    running = visible(sight).filter(status=Status.WAITING, closed_at=None, deadline__isnull=False)
    return _page(sight, by_deadline(running, ""), limit, _deadline_key).rows


def count_waiting_for(user: Any) -> int:
    """How many this person can decide now; CAP + 1 stands for more than CAP."""
    return _count_waiting(sight_of(user))


def _count_waiting(sight: Sight) -> int:
    """Level by level, as in the list: asked for all at once, SQLite would go through all that waits for anybody."""
    waiting = [_mine_to_decide(sight).filter(current_level=level) for level in sight.deciding]
    return once(("waiting", sight), lambda: min(CAP + 1, sum(map(capped, waiting))))


def counts_for(user: Any) -> dict[str, int]:
    """The number on each chip, up to CAP + 1. Closed has none: it only grows."""
    sight = sight_of(user)
    found = {
        "open": visible(sight).filter(closed_at=None),
        "mine": Request.objects.filter(requester_id=sight.user_id),
    }
    return {"waiting": _count_waiting(sight), **{name: capped(rows) for name, rows in found.items()}}


def capped(rows: QuerySet[Request]) -> int:
    """A count that stops counting: the cost of a page must not grow with the company."""
    return rows.order_by()[: CAP + 1].count()


def said(count: int) -> str:
    """A capped count in words: "4", or "1,000+"."""
    return f"{CAP:,}+" if count > CAP else f"{count:,}"


def mine_to_decide(sight: Sight) -> Q:
    """The condition under which this person decides next, as the worker will check it again."""
    approved_already = Step.objects.filter(
        request=OuterRef("pk"), decided_by_id=sight.user_id, state=Step.State.APPROVED
    )
    condition: Q = (
        Q(closed_at=None, status=Status.WAITING, deadline__isnull=False, current_level__in=sight.deciding)
        & sight.within()
        & (Q(self_approval=True) | Q(requester=None) | ~Q(requester_id=sight.user_id))
        & (Q(distinct_approvers=False) | ~Q(Exists(approved_already)))
    )
    return condition


def _mine_to_decide(sight: Sight) -> QuerySet[Request]:
    if not sight.levels:
        return Request.objects.none()
    return Request.objects.filter(mine_to_decide(sight))


def by_deadline(rows: QuerySet[Request], after: str) -> QuerySet[Request]:
    rows = rows.order_by(F("deadline").asc(nulls_first=True), "id")
    if not (key := _read_key(after)):
        return rows
    at, pk = key
    if at is None:
        return rows.filter(Q(deadline=None, id__gt=pk) | Q(deadline__isnull=False))
    return rows.filter(Q(deadline__gt=at) | Q(deadline=at, id__gt=pk)).filter(deadline__gte=at)


def _page(sight: Sight, rows: QuerySet[Request], limit: int, key_of: Any) -> Page:
    found = list(rows.select_related("requester").prefetch_related("steps")[: limit + 1])
    more = key_of(found[limit - 1]) if len(found) > limit else ""
    return Page(tuple(rows_of(sight, found[:limit])), more)


def _deadline_key(last: Request) -> str:
    return _key(last.deadline, last.pk)


def _key(at: datetime | None, pk: int) -> str:
    return f"{at.isoformat() if at else ''}_{pk}"


def _read_key(after: str) -> tuple[datetime | None, int] | None:
    """A key as it stands in an address; anything else is the first page."""
    at, _sep, pk = after.rpartition("_")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    try:
        moment = datetime.fromisoformat(at) if at else None
    except ValueError:
        return None
    return None if moment and moment.tzinfo is None else (moment, int(pk))
