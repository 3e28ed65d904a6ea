"""Every read of rows that the pages of batches make; none of them grows with the number of items."""

import math
import time
from collections.abc import Hashable, Mapping, Sequence
from uuid import UUID

from django.db.models import Count, F, Max, Sum
from django.db.models.functions import Coalesce

from batches.kept import Kept
from batches.lines import Dot
from batches.models import Batch, Event, Release

KEPT_EVENTS = 100
MANY_FAILURES = 50_000
"""From so many on they are counted by chunk less often."""
OFTEN, SELDOM = 2.0, 20.0
"""Seconds."""


def batch(uuid: str | UUID) -> Batch | None:
    """Without what its workflow was started with, which only the starting wants."""
    rows = Batch.objects.select_related("user", "upload", "follows").defer("payload", "follows__payload")
    return rows.filter(uuid=uuid).first()


_SAYS = ("written", "events_ever", "closed_at", "first_run_id", "state")


def version(uuid: str) -> Hashable:
    """Another one as soon as something was written down: one query, of a row."""
    return Batch.objects.filter(uuid=uuid).values_list(*_SAYS).first()


# --- its line ----------------------------------------------------------------------------------------------------


_lines: Kept[Sequence[Dot]] = Kept(100)
_limits: Kept[float] = Kept(100)
_rests: Kept[Sequence[tuple[float, float]]] = Kept(100)


def dots(row: Batch) -> Sequence[Dot]:
    """How many had ended when, oldest first; read again when there may be another one."""
    return _lines.get((row.uuid, row.written), lambda: _dots(row))


def _dots(row: Batch) -> Sequence[Dot]:
    done = F("succeeded") + F("degraded") + F("failed")
    told = row.points.order_by("at").values_list(Coalesce("seen_at", "at"), done, "limit")
    found = [Dot(at.timestamp(), float(number), limit) for at, number, limit in told]
    begun = row.begun_at.timestamp() if row.begun_at else 0.0
    first = [Dot(begun, 0.0, found[0].limit)] if begun and found and begun < found[0].at else []
    return _rising([*first, *found])


def _rising(found: Sequence[Dot]) -> Sequence[Dot]:
    """Of several at the same time the last one."""
    return list({dot.at: dot for dot in found}.values())


def pauses(row: Batch) -> Sequence[tuple[float, float]]:
    """From when to when it was paused; the last one may have no end yet."""
    return _rests.get((row.uuid, row.events_ever), lambda: _pauses(row))


def _pauses(row: Batch) -> Sequence[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    begun: float | None = None
    turns = row.events.filter(kind__in=("paused", "resumed")).order_by("number")
    for kind, at in turns.values_list("kind", "at"):
        if kind == "paused":
            begun = at.timestamp() if begun is None else begun
        elif begun is not None:
            found.append((begun, at.timestamp()))
            begun = None
    return [*found, (begun, math.inf)] if begun is not None else found


def limited_at(row: Batch) -> float:
    """When its limits were changed last; 0 where they never were."""
    return _limits.get((row.uuid, row.events_ever), lambda: _limited_at(row))


def _limited_at(row: Batch) -> float:
    last = row.events.filter(kind="limited").order_by("-number").values_list("at", flat=True).first()
    return last.timestamp() if last else 0.0


# --- its chunks --------------------------------------------------------------------------------------------------


_failed: Kept[Mapping[int, int]] = Kept(50)


def failed_by_cell(row: Batch, items: int) -> Mapping[int, int]:
    """How many failed of each so many items. It reads all failures of the batch: not with every look."""
    if not row.failed or items < 1:
        return {}
    often = OFTEN if row.failed < MANY_FAILURES else SELDOM
    turn = row.written if row.closed_at else int(time.monotonic() / often)
    return _failed.get((row.uuid, items, turn), lambda: _by_cell(row, items))


def _by_cell(row: Batch, items: int) -> Mapping[int, int]:
    cells = row.failures.annotate(cell=F("number") / items).values("cell")
    return dict(cells.annotate(failed=Count("pk")).values_list("cell", "failed"))


# --- what happened -----------------------------------------------------------------------------------------------


def events(row: Batch) -> list[Event]:
    """The latest first."""
    return list(row.events.order_by("-number")[:KEPT_EVENTS])


def followers(row: Batch) -> list[Batch]:
    """What was started again from it."""
    return list(row.followers.select_related("user").defer("payload", "told", "spec").order_by("-pk")[:10])


def releases(row: Batch) -> list[Release]:
    """The questions whether it may begin."""
    return list(row.releases.select_related("request").order_by("-pk")[:10])


def list_version() -> Hashable:
    """Another one as soon as a batch was begun or has ended, or one that is open has written something down."""
    ever = Batch.objects.aggregate(last=Max("pk"))
    open_ = Batch.objects.filter(closed_at=None).aggregate(number=Count("pk"), written=Sum("written"))
    return (*ever.values(), *open_.values())
