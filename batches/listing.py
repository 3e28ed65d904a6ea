"""The list of batches: those that run first, then the latest; live numbers of those that run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.db.models import Q, QuerySet
from django.utils import timezone

from approvals.counting import CAP, count_together
from approvals.queries import said
from batches import asking
from batches.alarms import standing
from batches.asking import ALL, ENDED, HELD, NEEDS, RUNNING, VIEWS, Asked
from batches.models import HELD_BACK, Batch, State
from batches.page import BatchPage
from batches.told import all_told

EACH = 25
STILL = timedelta(minutes=10)
"""What is only to begin or to end, and was not heard of for so long, needs a look. What runs: see alarms."""
LATELY = timedelta(days=1)
"""So long one that failed needs a look, unless it was started again."""
HEAVY = ("payload", "result", "spec", "data")
"""What a list does not show."""
SEARCHED = ("title", "job", "requester", "user__first_name", "user__last_name", "upload__name")


@dataclass(frozen=True)
class View:
    """A way to look at the list: its address, and how many it has."""

    name: str
    query: str
    number: str
    here: bool


@dataclass(frozen=True)
class Listed:
    """One page of the list. ``why`` and ``at``: somebody could not be asked, and how old the oldest answer is."""

    asked: Asked
    rows: Sequence[BatchPage]
    views: Sequence[View]
    running: int
    held: int
    needing: int
    following: str
    why: str
    at: datetime | None

    @property
    def first(self) -> str:
        return self.asked.but().key

    @property
    def anything(self) -> bool:
        return bool(self.rows) or any(view.number != "0" for view in self.views)


def listed(asked: Asked) -> Listed:
    """The same number of queries however many batches there are."""
    now = timezone.now()
    rows, more = _page(asked, now)
    told = all_told(rows)
    counts = _counts(asked.q, now)
    views = [View(name, asked.but(view=name).key, said(counts[name]), name == asked.view) for name in VIEWS]
    following = asked.but(after=asking.after(rows[-1].closed_at is not None, rows[-1].pk)).key if more else ""
    silent = [one for one in told if one.why in ("no_worker", "no_temporal", "no_answer")]
    return Listed(
        asked,
        [BatchPage(one, now) for one in told],
        views,
        counts[RUNNING],
        counts[HELD],
        counts[NEEDS],
        following,
        silent[0].why if silent else "",
        min((one.at for one in silent if one.at), default=None),
    )


def _page(asked: Asked, now: datetime) -> tuple[list[Batch], bool]:
    """Each part of the list is walked along its own index."""
    found = _matching(asked.q).select_related("user", "upload").defer(*HEAVY).order_by("-pk")
    open_, closed = found.filter(closed_at=None), found.filter(closed_at__isnull=False)
    if asked.view == NEEDS:
        open_, closed = open_.filter(waiting(now)), closed.filter(pk__in=_failed_lately(now))
    elif asked.view in (HELD, RUNNING):
        open_ = open_.filter(held_back()) if asked.view == HELD else open_.exclude(held_back())
    ended, pk = asked.place or (asked.view == ENDED, 0)
    rows: list[Batch] = []
    if not ended:
        rows = list((open_.filter(pk__lt=pk) if pk else open_)[: EACH + 1])
    if len(rows) <= EACH and asked.view not in (HELD, RUNNING):
        rows += (closed.filter(pk__lt=pk) if ended and pk else closed)[: EACH + 1 - len(rows)]
    return rows[:EACH], len(rows) > EACH


def _counts(q: str, now: datetime) -> dict[str, int]:
    """A search reads all rows: once for all of its numbers."""
    rows = _matching(q)
    open_ = rows.filter(closed_at=None)
    looks = [open_.filter(waiting(now)), rows.filter(pk__in=_failed_lately(now))]
    held, running = open_.filter(held_back()), open_.exclude(held_back())
    every, waits, runs, needs = count_together([rows], [held], [running], looks)
    ended = every - waits - runs if every <= CAP else count_together([rows.filter(closed_at__isnull=False)])[0]
    return {ALL: every, NEEDS: needs, HELD: waits, RUNNING: runs, ENDED: ended}


def _matching(q: str) -> QuerySet[Batch]:
    return Batch.objects.filter(meant(q)) if q else Batch.objects.all()


def held_back() -> Q:
    """Of those that are open: somebody has to approve it before it begins."""
    return Q(state__in=HELD_BACK)


def waiting(now: datetime) -> Q:
    """Of those that are open: it waits for a word, or stands still."""
    silent = Q(written_at__lt=now - STILL) | Q(written_at=None, created_at__lt=now - STILL)
    stands = Q(uuid__in=standing()) | (~Q(state__in=(State.RUNNING, State.AWAITING)) & silent)
    return Q(closed_at=None) & (Q(state__in=(State.PAUSED, State.PAUSING, State.CHANGED)) | stands)


def _failed_lately(now: datetime) -> QuerySet[Batch, int]:
    """Those that failed and were not started again, by their keys: found by when they ended, whatever the order."""
    rows = Batch.objects.filter(state__in=(State.FAILED, State.TERMINATED), closed_at__gt=now - LATELY, followers=None)
    return rows.values_list("pk", flat=True)


def needing(now: datetime) -> Sequence[QuerySet[Batch]]:
    """What somebody of ops should look at: those that are open, and those that have ended; each along its own index."""
    rows = Batch.objects.all()
    return rows.filter(waiting(now)), rows.filter(pk__in=_failed_lately(now))


def meant(text: str) -> Q:
    """Every word is in its title, its job, the name of its file or of who asked for it; or it is the reference."""
    found = Q()
    for word in text.split():
        number = word[2:] if word[:2].lower() == "b-" else ""
        named = Q(_connector=Q.OR, **{f"{field}__icontains": word for field in SEARCHED})
        named |= Q(spec__source__uri__iregex=f"/[^/]*{re.escape(quote(word))}[^/]*$")
        found &= named | Q(pk=int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else named
    return found
