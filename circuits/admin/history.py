"""Circuits, their changes, what was ordered of them and what ops were told of: there to read, never to edit."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from approvals.admin.history import ReadOnly
from circuits.models import Change, Circuit, Episode, Order, ServiceVersion

MOST = 10_000
"""So many rows are counted, and can be paged through; whoever looks further back searches."""


class Capped(Paginator):  # type: ignore[type-arg]
    """Years of changes are not counted to show the last hundred of them."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MOST].count()


class History(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    show_full_result_count = False
    paginator = Capped
    ordering = ("-id",)


@admin.register(Circuit)
class CircuitAdmin(History):
    list_display = ("service", "state", "since", "until", "actor", "reason", "failure_count", "last_report_at")
    list_filter = ("state",)
    search_fields = ("service", "actor", "reason")
    exclude = ("kept",)


@admin.register(Change)
class ChangeAdmin(History):
    list_display = ("at", "circuit", "kind", "source", "target", "cause", "actor", "known", "reason", "until")
    list_filter = ("kind", "target", "cause", "known")
    list_select_related = ("circuit",)
    search_fields = ("circuit__service", "actor", "caller", "reason", "sample")


@admin.register(Order)
class OrderAdmin(History):
    """For ops: what is stuck stands under the states that are not settled."""

    list_display = ("made_at", "username", "action", "service", "state", "code", "tries", "reason", "seconds")
    list_filter = ("state", "action", "code")
    search_fields = ("service", "username", "reason", "order_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).select_related("overtaken_by")


@admin.register(Episode)
class EpisodeAdmin(History):
    list_display = ("began_at", "subject", "ended_at", "cause", "told_begin_at", "told_long_at", "told_end_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    search_fields = ("subject", "cause")


@admin.register(ServiceVersion)
class ServiceVersionAdmin(History):
    list_display = ("at", "service", "version", "by", "reason")
    search_fields = ("service", "by", "reason")
