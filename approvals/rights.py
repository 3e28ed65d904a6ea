"""In whose right somebody decides: a level of their own goes first, then those of whom they stand in for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from approvals.models import Delegation, LevelHolder


@dataclass(frozen=True)
class Right:
    """``holder``: for whom somebody stands in; None where the level is their own."""

    holder: User | None = None


def rights_of(user: User, levels: Collection[str], kind: str, at: datetime | None = None) -> list[Right]:
    """At one of these levels ("" stands for any), the oldest delegation first; none where they may not decide."""
    of_levels = {} if "" in levels else {"level__name__in": levels}
    if LevelHolder.objects.current(at=at, kind=kind).filter(user=user, **of_levels).exists():
        return [Right()]
    lent = Delegation.objects.current(at=at, kind=kind).filter(delegate=user, **of_levels)
    return [Right(one.delegator) for one in lent.select_related("delegator").order_by("pk")]
