"""The admin of approvals: levels, who holds them, policies. What has happened is there to read, never to edit."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from approvals.models import Attempt, Level, LevelHolder, Policy, Record, Request, Step, Tier
from live.writes import write


class HolderInline(admin.TabularInline):  # type: ignore[type-arg]
    model = LevelHolder
    extra = 0
    autocomplete_fields = ("user",)
    verbose_name_plural = _("who holds it: a change counts at once, for open requests too")


@admin.register(Level)
class LevelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "name", "rank")
    search_fields = ("name", "title")
    inlines = (HolderInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Chains, forms and programs know a level by its name: once given, it stays."""
        return ("name",) if obj else ()


@admin.register(LevelHolder)
class LevelHolderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "level")
    list_filter = ("level",)
    list_select_related = ("user", "level")
    search_fields = ("user__username", "user__first_name", "user__last_name", "level__name")
    autocomplete_fields = ("user", "level")


class TierInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Tier
    extra = 0
    verbose_name_plural = _("tiers: the levels that decide, from which amount on, in their order")


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Every change is a new version. Open requests carry the chain they began with."""

    list_display = ("title", "kind", "currency", "self_approval", "distinct_approvers", "version")
    search_fields = ("kind", "title")
    readonly_fields = ("version",)
    inlines = (TierInline,)
    fieldsets = (
        (None, {"fields": ("title", "kind", "currency", "version")}),
        (
            _("Rules"),
            {
                "fields": ("self_approval", "distinct_approvers", "overrides_allowed"),
                "description": _("A change is for new requests only: an open one carries its chain and its rules."),
            },
        ),
    )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with write():
            super().save_related(request, form, formsets, change)
            if change and (form.has_changed() or any(formset.has_changed() for formset in formsets)):
                Policy.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("version", "kind") if obj else ("version",)


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
        "decided_at",
        "known_by",
        "comment",
    )
    readonly_fields = fields


class AttemptInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Attempt
    extra = 0
    fields = ("made_at", "username", "verdict", "level", "state", "reason", "decision_id", "known_by", "comment")
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
