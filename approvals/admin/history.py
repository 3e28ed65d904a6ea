"""What has happened, in the admin site: there to read, never to edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from approvals.models import Attempt, Record, Request, Step


class ReadOnly(admin.options.BaseModelAdmin):  # type: ignore[type-arg]
    """History: an admin reads it as everybody does, and changes none of it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class StepInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Step
    extra = 0
    fields = (
        "index",
        "level",
        "state",
        "opened_at",
        "deadline",
        "decided_by_name",
        "on_behalf_of_name",
        "decided_at",
        "known_by",
        "comment",
    )
    readonly_fields = fields


class AttemptInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Attempt
    extra = 0
    fields = (
        "made_at",
        "username",
        "on_behalf_of_name",
        "verdict",
        "level",
        "state",
        "reason",
        "decision_id",
        "known_by",
        "comment",
    )
    readonly_fields = fields


@admin.register(Request)
class RequestAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("reference", "title", "amount", "currency", "status", "current_level", "deadline", "created_at")
    list_filter = ("status", "kind", "by_program", "workflow_type")
    search_fields = ("title", "requester_name", "workflow_id", "uuid")
    date_hierarchy = None
    show_full_result_count = False
    ordering = ("-id",)
    inlines = (StepInline, AttemptInline)


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """For ops: what is stuck stands under the states that are not settled."""

    list_display = ("made_at", "username", "verdict", "level", "state", "code", "tries", "request")
    list_filter = ("state", "verdict", "known_by", "code")
    list_select_related = ("request",)
    search_fields = ("username", "decision_id", "request__title")
    show_full_result_count = False
    ordering = ("-id",)


@admin.register(Record)
class RecordAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("written_at", "request", "text", "key")
    list_select_related = ("request",)
    search_fields = ("key", "text")
    show_full_result_count = False
    ordering = ("-id",)
