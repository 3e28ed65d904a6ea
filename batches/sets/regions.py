"""The live pieces of data sets: the list, and one of them."""

from collections.abc import Hashable, Mapping
from typing import Any

from django.db.models import Count, Max, Sum

from batches.models import DataSet
from batches.sets import page
from batches.sets.page import SetPage
from circuits.access import is_ops
from live.once import once
from live.regions import Region, register
from worker.reading import as_uuid


class _Everybodys(Region):
    """The same for all who are signed in."""

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"


@register
class DataSetsRegion(_Everybodys):
    """A page of them; the key is the number of the row before which it begins, or empty."""

    name = "data-sets"
    template = "batches/sets/_list.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and (key == "" or (key.isascii() and key.isdecimal() and len(key) < 18))

    def version(self, key: str, audience: Hashable) -> Hashable:
        rows = DataSet.objects.aggregate(Max("pk"), Sum("written"), ended=Count("closed_at"), told=Count("cancel_at"))
        return tuple(rows.values())

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        pages, older = page.listed(int(key) if key else None)
        return {"pages": pages, "older": older, "first": not key}


@register
class DataSetRegion(_Everybodys):
    """One of them; the key is its uuid."""

    name = "data-set"
    template = "batches/sets/_set.html"
    interval = 1.0

    def audience(self, user: Any, key: str) -> Hashable:
        return "ops" if is_ops(user) else "everybody"

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and str(as_uuid(key)) == key and remembered(key) is not None

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"page": remembered(key), "ops": audience == "ops"}


def remembered(uuid: str) -> SetPage | None:
    """Its page asks for it, and its region again: one read."""
    found: SetPage | None = once(("data-set", uuid), lambda: page.set_page(uuid))
    return found
