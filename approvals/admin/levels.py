"""Levels, and who holds them: from when, until when, for which kinds."""

from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.seen import SeenForm
from approvals import granting
from approvals.admin.history import ReadOnly
from approvals.admin.imports import import_view
from approvals.admin.saving import Guarded
from approvals.holders import day_of, packed
from approvals.models import Level, LevelHolder, Policy, Request


class HolderForm(SeenForm):
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Only for these kinds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: for every kind."),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        known = dict(Policy.objects.values_list("kind", "title"))
        had = {kind: kind for kind in self.instance.only_kinds}
        if "kinds" in self.fields:
            self.fields["kinds"].choices = list({**had, **known}.items())  # type: ignore[attr-defined]
        self.initial["kinds"] = list(had)

    def clean_kinds(self) -> str:
        return packed(self.cleaned_data["kinds"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            raise ValidationError({"valid_until": _("It would end before it begins.")})
        return cleaned


class ValidNow(admin.SimpleListFilter):
    title = gettext_lazy("validity")
    parameter_name = "valid"

    def lookups(self, *_asked: Any) -> list[tuple[str, str]]:
        return [("now", _("counts now")), ("later", _("begins later")), ("over", _("is over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LevelHolder]) -> QuerySet[LevelHolder]:  # noqa: ARG002
        today = day_of(timezone.now())
        if self.value() == "now":
            return queryset.filter(pk__in=LevelHolder.objects.current().values("pk"))
        if self.value() == "later":
            return queryset.filter(valid_from__gt=today)
        return queryset.filter(valid_until__lt=today) if self.value() == "over" else queryset


@admin.register(LevelHolder)
class LevelHolderAdmin(Guarded):
    form = HolderForm
    list_display = ("user", "level", "valid_from", "valid_until", "for_kinds")
    list_filter = ("level", ValidNow, "user__is_active")
    list_select_related = ("user", "level")
    search_fields = ("user__username", "user__first_name", "user__last_name", "level__name", "level__title")
    autocomplete_fields = ("user", "level")
    fields = ("user", "level", "valid_from", "valid_until", "kinds", "seen")
    change_list_template = "admin/approvals/levelholder/change_list.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(partial(import_view, self))
        return [path("import/", view, name="approvals_levelholder_import"), *super().get_urls()]

    @admin.display(description=gettext_lazy("only for"))
    def for_kinds(self, holder: LevelHolder) -> str:
        return ", ".join(holder.only_kinds) or _("every kind")

    def moments(self, obj: LevelHolder) -> list[datetime | None]:
        """An end in the future strands nobody now: so the day after is looked at too."""
        if obj.valid_until is None or obj.valid_until < day_of(timezone.now()) or obj.valid_until.year > 9_000:
            return [None]
        return [None, timezone.make_aware(datetime.combine(obj.valid_until + timedelta(days=1), time(12)))]

    def store(self, by: User, obj: LevelHolder, form: Any, change: bool) -> None:
        if not change or form.has_changed():
            granting.assign(holder=obj, by=by)

    def remove(self, by: User, obj: LevelHolder) -> None:
        granting.withdraw(holder=obj, by=by)


class HolderInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """To look at: given, changed and taken away on a page of its own, which knows what it would strand."""

    model = LevelHolder
    extra = 0
    fields = ("user", "valid_from", "valid_until", "kinds")
    readonly_fields = fields
    show_change_link = True
    verbose_name_plural = gettext_lazy("who holds it")


@admin.register(Level)
class LevelAdmin(Guarded):
    form = SeenForm
    list_display = ("title", "name", "rank", "holders_of")
    search_fields = ("name", "title")
    fields = ("name", "title", "rank", "seen")
    inlines = (HolderInline,)

    @admin.display(description=gettext_lazy("who holds it"))
    def holders_of(self, level: Level) -> str:
        address = f"{reverse('admin:approvals_levelholder_changelist')}?level__id__exact={level.pk}"
        return format_html('<a href="{}">{}</a>', address, LevelHolder.objects.current().filter(level=level).count())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Chains, forms and programs know a level by its name: once given, it stays."""
        return ("name",) if obj else ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def store(self, by: User, obj: Level, form: Any, change: bool) -> None:
        if not change or form.has_changed():
            granting.keep_level(level=obj, by=by)

    def remove(self, by: User, obj: Level) -> None:
        granting.remove_level(level=obj, by=by)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> Any:
        level = self.get_object(request, object_id)
        if level and (why := level_in_use(level)):
            return refused(request, "level", level, why)
        return super().delete_view(request, object_id, *args, **more)


def level_in_use(level: Level) -> str:
    """Why it cannot be deleted, in a sentence; "" if it can."""
    waiting = Request.objects.filter(closed_at=None, steps__level=level.name).distinct().count()
    policies = list(level.tiers.values_list("policy__title", flat=True))
    holders = level.holders.count()
    uses = [
        ngettext("%(n)d open request has it in its chain", "%(n)d open requests have it in their chains", waiting)
        % {"n": waiting}
        if waiting
        else "",
        _("a tier of %(policies)s names it") % {"policies": ", ".join(policies)} if policies else "",
        ngettext("%(n)d person holds it", "%(n)d people hold it", holders) % {"n": holders} if holders else "",
    ]
    said = "; ".join(use for use in uses if use)
    return said and _("“%(level)s” is in use and was not deleted: %(uses)s.") % {"level": level, "uses": said}


def refused(request: HttpRequest, model: str, obj: Any, why: str) -> HttpResponse:
    messages.error(request, why)
    return HttpResponseRedirect(reverse(f"admin:approvals_{model}_change", args=[obj.pk]))
