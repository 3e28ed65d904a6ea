"""Every list of requests: what waits for me, open, mine, closed; in pages by key, so that depth costs nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Model, Prefetch, QuerySet
from django.utils.translation import get_language

from approvals import confirming
from approvals.access import Sight, chains, sight_of
from approvals.asking import FILTERS, SORTS, VIEWS, Asked
from approvals.confirmation import Confirmation, confirmed
from approvals.counting import CAP as CAP
from approvals.counting import count_together
from approvals.finding import decided_by, find, mine_to_decide, soonest
from approvals.models import Attempt, Request, Step
from approvals.once import once
from approvals.rows import Row, base_of, level_titles, rows_of
from approvals.words import in_a_sentence, listed

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Some rows, and the key at which the next page begins ("" if this is the last)."""

    rows: tuple[Row, ...]
    next: str = ""
    readable: bool = True
    """Whether the place where it was to begin could be read; else these are the first rows."""


def page_of(user: Any, asked: Asked, limit: int = PAGE) -> Page:
    """One page of what is asked for; the rows in the order of their keys."""
    sight = sight_of(user)
    found = find(sight, asked, limit)
    known = _by_key(sight, found.pks)
    return Page(_picked(known, found.pks), found.next, found.readable)


def _by_key(sight: Sight, pks: Iterable[int]) -> dict[int, Row]:
    """Fetched once for all who see the same: only what each can decide is their own."""
    keys, language = frozenset(pks), get_language()
    requests = once(("requests", keys), lambda: list(_fetched(Request.objects.filter(pk__in=keys))))
    base = once(("rows", keys, language), lambda: base_of(requests))
    return {row.pk: row for row in rows_of(sight, requests, base)}


def _picked(known: dict[int, Row], pks: Iterable[int]) -> tuple[Row, ...]:
    """In this order; what was deleted in between is left out."""
    return tuple(known[pk] for pk in pks if pk in known)


def _fetched(requests: QuerySet[Request]) -> QuerySet[Request]:
    steps = Prefetch("steps", Step.objects.only(*_STEP))
    return requests.select_related("requester").only(*_REQUEST).prefetch_related(steps)


_STEP = ("request_id", "index", "level", "state", "decided_by_id", "on_behalf_of_id")
_REQUEST = (
    "uuid", "title", "kind", "amount", "currency", "status", "current_level", "deadline", "closed_at", "updated_at",
    "first_run_id", "action_error", "self_approval", "distinct_approvers", "requester_id", "requester_name",
    "requester__username", "requester__first_name", "requester__last_name",
)  # fmt: skip
"""Of a request and its steps what a row needs: details and results may be long."""


def waiting_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What this person can decide now, soonest deadline first."""
    return page_of(user, Asked("waiting", after=after), limit)


def open_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """Everything open that this person may see; first what has no deadline: not started, or its action failed."""
    return page_of(user, Asked("open", after=after), limit)


def mine(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What this person asked for, newest first."""
    return page_of(user, Asked("mine", after=after), limit)


def decided_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What this person decided on, the last decision first."""
    return page_of(user, Asked("decided", after=after), limit)


def closed_for(user: Any, limit: int = PAGE, after: str = "") -> Page:
    """What is decided, latest first."""
    return page_of(user, Asked("closed", after=after), limit)


LISTS = {"waiting": waiting_for, "open": open_for, "mine": mine, "decided": decided_for, "closed": closed_for}


OTHERS = 5
"""So many open requests that wait for others stand below those that wait for me."""


@dataclass(frozen=True)
class Inbox:
    """All that the inbox shows of one view."""

    asked: Asked
    page: Page
    counts: dict[str, str]
    levels: tuple[str, ...]
    waiting: int
    others: tuple[Row, ...] = ()
    confirmation: Confirmation = field(default_factory=Confirmation)

    @property
    def view(self) -> str:
        return self.asked.view

    @property
    def too_many(self) -> bool:
        """More than anybody counts, or wants to read as a number."""
        return self.waiting > CAP

    @property
    def as_levels(self) -> str:
        return listed([in_a_sentence(level) for level in self.levels])

    @property
    def lost(self) -> bool:
        """The address names a place that cannot be read, or behind which nothing is any more."""
        return bool(self.asked.after) and not (self.page.readable and self.page.rows)

    @property
    def views(self) -> dict[str, str]:
        """The address of each view, all else kept."""
        return {view: self.asked.but(view=view).query for view in VIEWS}

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Each order of this view, its address, and whether it is this one."""
        return [(s, self.asked.but(sort=s).query, s == self.asked.order) for s in SORTS[self.view]]

    @property
    def first(self) -> str:
        return self.asked.but().query

    @property
    def following(self) -> str:
        return replace(self.asked, after=self.page.next).query

    @property
    def cleared(self) -> str:
        return self.asked.but(**dict.fromkeys(FILTERS, "")).query


def inbox(user: Any, asked: Asked) -> Inbox:
    """For a person, or as anybody who sees the same (``approvals.sharing``)."""
    sight, titles = sight_of(user), level_titles()
    page, others = _with_others(sight, asked)
    counts = shared_counts(sight)
    confirmation, (rows, others) = confirmed(sight, (sight, asked), page.rows, others)
    return Inbox(
        asked=asked,
        page=replace(page, rows=rows),
        counts={name: said(count) for name, count in counts.items()},
        levels=tuple(titles.get(level, level) for level in sight.deciding if level),
        waiting=counts["waiting"],
        others=others,
        confirmation=confirmation,
    )


def _with_others(sight: Sight, asked: Asked) -> tuple[Page, tuple[Row, ...]]:
    """What waits for me is open too, so that many more rows are sure to hold some for others, if there are any."""
    found = find(sight, asked, PAGE)
    plain = asked == Asked() and not found.next
    open_ones = find(sight, Asked("open"), len(found.pks) + OTHERS).pks if plain else ()
    known = _by_key(sight, (*found.pks, *open_ones))
    others = [row for row in _picked(known, open_ones) if not row.can_decide]
    return Page(_picked(known, found.pks), found.next, found.readable), tuple(others[:OTHERS])


@dataclass(frozen=True)
class OwnViews:
    """The views that are each person's own, with their counts and addresses."""

    asked: Asked
    counts: dict[str, str]

    @property
    def view(self) -> str:
        return self.asked.view

    @property
    def views(self) -> dict[str, str]:
        return {view: self.asked.but(view=view).query for view in self.counts}


def own_views(user: Any, asked: Asked) -> OwnViews:
    return OwnViews(asked, {name: said(count) for name, count in own_counts(sight_of(user)).items()})


def version() -> tuple[Any, ...]:
    """Another one after every write of a request, and after whatever was learnt of one on screen."""
    latest = Request.objects.order_by("-updated_at").values_list("pk", "updated_at")
    return confirming.revision, once("last write", latest.first)


RECENT = 200


def own_version(user_id: int) -> tuple[Any, ...]:
    """Another one after what this person asked for or decided, found among the latest; read once for everybody."""
    asked = once("latest requests", lambda: _latest(Request, "requester_id", "pk"))
    decided = once("latest attempts", lambda: _latest(Attempt, "user_id", "pk", "state"))
    return asked.get(user_id, ()), decided.get(user_id, ())


def _latest(model: type[Model], who: str, *what: str) -> dict[Any, Any]:
    """The latest of each person, oldest first, so that the newest of theirs stays."""
    rows = model._default_manager.order_by("-pk").values_list(who, *what)[:RECENT]
    return {person: tuple(values) for person, *values in reversed(rows)}


def due_soonest(user: Any, limit: int = 5) -> tuple[Row, ...]:
    """Of all that this person may see, what runs out first."""
    sight = sight_of(user)
    pks = soonest(sight, limit)
    return _picked(_by_key(sight, pks), pks)


def count_waiting_for(user: Any) -> int:
    """How many this person can decide now; CAP + 1 stands for more than CAP."""
    return _count_waiting(sight_of(user))


def _count_waiting(sight: Sight) -> int:
    return once(("waiting", sight), lambda: min(CAP + 1, sum(count_together(*_waiting(sight)))))


def _waiting(sight: Sight) -> list[list[QuerySet[Request]]]:
    """Level by level, as in the list: asked for all at once, SQLite would go through all that waits for anybody."""
    found = (Request.objects.filter(mine_to_decide(sight, [level])) for level in sight.deciding)
    return [[rows.order_by("deadline", "id")] for rows in found] or [[]]


def counts_for(user: Any) -> dict[str, int]:
    """The number on each chip, up to CAP + 1."""
    sight = sight_of(user)
    return {**shared_counts(sight), **own_counts(sight)}


def shared_counts(sight: Sight) -> dict[str, int]:
    """Those that are the same for all who see the same."""
    waiting, (open_ones, closed) = _count_waiting(sight), count_together(_seen(sight, False), _seen(sight, True))
    return {"waiting": waiting, "open": open_ones, "closed": closed}


def _seen(sight: Sight, closed: bool) -> list[QuerySet[Any]]:
    """Keys alone, by their indexes: all, or one's own, and what has each level in the chain."""
    rows = Request.objects.filter(closed_at__isnull=not closed)
    rows = rows.order_by("-closed_at", "-id") if closed else rows.order_by("id")
    if sight.everything:
        return [rows]
    chained = (chains(sight, (level,)).filter(closed_at__isnull=not closed) for level in sight.deciding)
    steps = [found.order_by("request_id").values_list("request_id").distinct() for found in chained]
    return [rows.filter(requester_id=sight.user_id).order_by("-id"), *steps]


def own_counts(sight: Sight) -> dict[str, int]:
    """Those that are each person's own."""
    mine = Request.objects.filter(requester_id=sight.user_id)
    decided = decided_by(sight).order_by("-decided_at").values_list("request_id")
    counts = count_together([mine], [decided])
    return dict(zip(("mine", "decided"), counts, strict=True))


def said(count: int) -> str:
    """A capped count in words: "4", or "1,000+"."""
    return f"{CAP:,}+" if count > CAP else f"{count:,}"
