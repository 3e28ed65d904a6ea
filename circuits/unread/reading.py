"""What ops see of it: which workflows wait, why, and what to do now."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min
from django.utils.translation import gettext_lazy as _

from circuits.models import Unread
from live.elsewhere import workflow_url
from worker.payloads.places import where

EACH = 5
WHY = {
    "missing": _("A file in which a part of it is kept is not there."),
    "damaged": _("A file in which a part of it is kept was cut off or changed."),
    "denied": _("A file in which a part of it is kept may not be read."),
    "other": _("A file in which a part of it is kept cannot be had."),
}
NOW = {
    "missing": _("Mount its disk, or put it back from a copy"),
    "damaged": _("Put it back from a copy"),
    "denied": _("Give the worker the right to read it"),
    "other": _("Look at the place where it lies"),
}

Named = Mapping[str, tuple[str, str]]
"""A title and an address for each workflow id that is known."""
_names: list[Callable[[Sequence[str]], Named]] = []


def name_by(function: Callable[[Sequence[str]], Named]) -> None:
    """For an app whose workflows everybody may know by their title."""
    _names.append(function)


@dataclass(frozen=True)
class Waiting:
    """One workflow, with the first that it waits for."""

    title: str
    address: str
    row: Unread

    @property
    def since(self) -> datetime:
        return self.row.since

    @property
    def why(self) -> Any:
        return WHY.get(self.row.cause, WHY["other"])

    @property
    def now(self) -> Any:
        return NOW.get(self.row.cause, NOW["other"])

    @property
    def where(self) -> str:
        return where(self.row.place, self.row.key)


def waiting() -> Sequence[Waiting]:
    """The first of them, those that wait longest first."""
    firsts = Unread.objects.values("workflow_id").annotate(first=Min("pk")).order_by("first")
    rows = Unread.objects.filter(pk__in=[each["first"] for each in firsts[:EACH]]).order_by("pk")
    ids = [row.workflow_id for row in rows]
    named = {id: name for function in _names for id, name in function(ids).items()} if ids else {}
    return [Waiting(*named.get(row.workflow_id, (row.workflow_id, workflow_url(row.workflow_id))), row) for row in rows]


def number() -> int:
    return Unread.objects.values("workflow_id").distinct().count()


def version() -> Hashable:
    return tuple(Unread.objects.aggregate(last=Max("pk"), number=Count("pk")).values())
