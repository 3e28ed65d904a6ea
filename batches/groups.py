"""Failed items by cause, the largest group first, each with some of its items: a few reads, however many failed."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.db.models import OuterRef, Subquery

from batches.models import Batch, Failure, FailureGroup

SHOWN, SAMPLES, MANY = 12, 3, 1_000
FEW = 10
"""So few are run again at once, without trying some of them first."""


@dataclass(frozen=True)
class Group:
    row: FailureGroup
    samples: Sequence[Failure]

    @property
    def final(self) -> bool:
        """No other try will help any of them."""
        return self.row.final >= self.row.number > 0

    @property
    def all_alike(self) -> bool:
        """They say what the group says: no need to say it again."""
        return all(failure.error == self.row.words for failure in self.samples)

    @property
    def some_final(self) -> int:
        return 0 if self.final else max(0, self.row.final)

    @property
    def sample(self) -> int:
        """So many are tried first: one of a hundred; 0 where they are few."""
        return ceil(self.row.number / 100) if self.row.number > FEW else 0


@dataclass(frozen=True)
class Groups:
    """``more``: so many groups are not among the ``shown``, or still more (``many``)."""

    shown: Sequence[Group]
    number: int
    failures: int

    @property
    def more(self) -> int:
        return min(self.number, MANY) - len(self.shown)

    @property
    def many(self) -> bool:
        return self.number > MANY


def groups_of(batch: Batch, most: int = SHOWN) -> Groups:
    """Where each failure says something else there are as many groups: they are counted so far, and no further."""
    rows = FailureGroup.objects.filter(batch=batch, number__gt=0).order_by("-number")
    numbers = list(rows.values_list("number", flat=True)[: MANY + 1])
    found = list(rows.annotate(**_some())[:most])
    wanted = [pk for row in found for pk in _of(row)]
    samples = Failure.objects.in_bulk(wanted)
    shown = [Group(row, [samples[pk] for pk in _of(row) if pk in samples]) for row in found]
    return Groups(shown, len(numbers), sum(numbers) if len(numbers) <= MANY else max(batch.failed, sum(numbers)))


def group_of(batch: Batch, fingerprint: str) -> FailureGroup | None:
    return FailureGroup.objects.filter(batch=batch, fingerprint=fingerprint).first() if fingerprint else None


def only(row: FailureGroup) -> Groups:
    """One, without its items."""
    return Groups([Group(row, [])], 1, row.number)


def _some() -> dict[str, Subquery]:
    """The first items of each group, by an index: one read for all of them."""
    rows = Failure.objects.filter(batch=OuterRef("batch"), fingerprint=OuterRef("fingerprint")).order_by("number")
    return {f"sample_{place}": Subquery(rows.values("pk")[place : place + 1]) for place in range(SAMPLES)}


def _of(row: FailureGroup) -> list[int]:
    found = (getattr(row, f"sample_{place}") for place in range(SAMPLES))
    return [pk for pk in found if pk is not None]


def version(uuid: str | UUID) -> Hashable:
    """Another one as soon as a failure of a large group has come or gone, the first counts, or the batch has come to
    another state.
    """
    rows = FailureGroup.objects.filter(batch__uuid=uuid).order_by("-number")
    state = Batch.objects.filter(uuid=uuid).values_list("state", "closed_at", "failed").first()
    return (*rows.values_list("fingerprint", "number", "last_at")[:SHOWN], state and (*state[:2], state[2] > 0))
