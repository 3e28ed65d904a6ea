"""What needs ops of batches, wherever they are on the site: those that wait for a word, stand still, or failed."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from approvals.counting import count_together
from batches.listing import HEAVY, needing, waiting
from batches.models import Batch, State
from batches.page import BatchPage
from batches.told import last_known
from circuits.access import is_ops
from live.once import once

EACH = 5


@dataclass(frozen=True)
class Needs:
    """``batches``: the first of those that need a look; ``under_way``: of the others. As they were written down."""

    batches: Sequence[BatchPage]
    under_way: Sequence[BatchPage]
    number: int
    number_open: int

    @property
    def more(self) -> int:
        return max(0, self.number - len(self.batches)) + max(0, self.number_open - len(self.under_way))


def for_ops(user: Any) -> Needs | None:
    """None for everybody else."""
    return once(("batches_need_ops",), needs) if is_ops(user) else None


def number_for_ops() -> int:
    """Alone it costs less than with the rows."""
    return count_together(needing(timezone.now()))[0]


def needs() -> Needs:
    now = timezone.now()
    look, others = needing(now), Batch.objects.filter(closed_at=None).exclude(waiting(now))
    number, number_open = count_together(look, [others])
    return Needs(_pages(now, *look) if number else [], _pages(now, others) if number_open else [], number, number_open)


def _pages(now: datetime, *lists: QuerySet[Batch]) -> list[BatchPage]:
    """The first of all, the latest of each list first."""
    found: list[Batch] = []
    for rows in lists:
        found += rows.select_related("user").defer(*HEAVY).order_by("-pk")[: EACH - len(found)]
    return [BatchPage(last_known(row), now) for row in found]


def version() -> Hashable:
    """Another one as soon as one begins, ends, or changes its state; by the clock alone when one stands still."""
    ever = Batch.objects.aggregate(last=Max("pk"))
    open_ = Batch.objects.filter(closed_at=None).aggregate(
        number=Count("pk"), events=Sum("events_ever"), changed=Count("pk", filter=Q(state=State.CHANGED))
    )
    return (*ever.values(), *open_.values())
