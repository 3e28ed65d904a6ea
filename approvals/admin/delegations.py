"""Delegations in the admin site: set for whoever is away already, after its effect was shown; ended, never changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.people import person
from approvals import absence
from approvals.absence_effect import effects
from approvals.holders import day_of
from approvals.models import Delegation

_FIELDS = {"who": "delegate", "levels": "level"}
"""What the checks call otherwise than this form does."""


class DelegationForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Delegation
        fields = ("delegator", "delegate", "level", "from_day", "until_day", "form_id")
        widgets = {"form_id": forms.HiddenInput}

    wanted: absence.Wanted | None = None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        self.wanted = absence.Wanted(
            given["delegator"], given["delegate"], (given["level"],), given["from_day"], given["until_day"]
        )
        if not self.sent_before:
            self._check(self.wanted)
        return given

    def _check(self, wanted: absence.Wanted) -> None:
        try:
            absence.check(wanted)
        except absence.NotPossible as found:
            raise ValidationError({_FIELDS.get(name, name): said for name, said in found.problems.items()}) from None

    @property
    def sent_before(self) -> bool:
        """The same form again: it changes nothing, and is no mistake."""
        given = self.cleaned_data
        return Delegation.objects.filter(form_id=given["form_id"], delegator=given["delegator"]).exists()

    def _get_validation_exclusions(self) -> set[str]:
        """What the table's constraints hold is among the checks, which say it in words."""
        return {*super()._get_validation_exclusions(), "form_id", "delegate", "until_day"}  # type: ignore[misc]


class Standing(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, *_asked: Any) -> list[tuple[str, str]]:
        return [("now", _("counts now")), ("later", _("begins later")), ("past", _("is over, or was ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delegation]) -> QuerySet[Delegation]:  # noqa: ARG002
        today = day_of(timezone.now())
        standing = queryset.filter(ended_at=None, until_day__gte=today)
        if self.value() == "now":
            return standing.filter(from_day__lte=today)
        if self.value() == "later":
            return standing.filter(from_day__gt=today)
        return queryset.exclude(pk__in=standing.values("pk")) if self.value() == "past" else queryset


@admin.register(Delegation)
class DelegationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = DelegationForm
    list_display = ("delegator", "delegate", "level", "from_day", "until_day", "said", "made_by_name")
    list_filter = (Standing, "level")
    list_select_related = ("delegator", "delegate", "level")
    search_fields = (
        "delegator__username", "delegator__first_name", "delegator__last_name",
        "delegate__username", "delegate__first_name", "delegate__last_name",
    )  # fmt: skip
    autocomplete_fields = ("delegator", "delegate", "level")
    actions = ("end_them",)
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("state"))
    def said(self, one: Delegation) -> str:
        words = {"now": _("counts now"), "later": _("begins later"), "over": _("is over"), "ended": _("was ended")}
        return words[one.state]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """For others, only an admin; everybody else has a page of their own for it."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not by itself. With a person who is deleted it goes, or that person could never be."""
        match = request.resolver_match
        of_its_own = match is not None and (match.url_name or "").startswith("approvals_delegation")
        return not of_its_own and super().has_delete_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        shown = ["delegator", "delegate", "level", "from_day", "until_day"]
        return [*shown, "made_at", "made_by_name", "ended_at", "ended_by_name"] if obj else [*shown, "form_id"]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First what it would mean; saved once that was confirmed."""
        if request.method == "POST" and "confirmed" not in request.POST and self.has_add_permission(request):
            form = self.get_form(request)(request.POST)
            if form.is_valid():
                return self._meaning(request, form)
        try:
            return super().add_view(request, form_url, extra_context)
        except absence.NotPossible:  # somebody was quicker: now the form says so
            return super().add_view(request, form_url, extra_context)

    def _meaning(self, request: HttpRequest, form: Any) -> HttpResponse:
        wanted: absence.Wanted = form.wanted
        typed = [(n, v) for n, values in request.POST.lists() if n != "csrfmiddlewaretoken" for v in values]
        context = {
            **self.admin_site.each_context(request),
            "title": _("What it would mean"),
            "opts": self.model._meta,
            "wanted": wanted,
            "effects": effects(wanted),
            "at_once": wanted.from_day == day_of(timezone.now()),
            "typed": typed,
        }
        return TemplateResponse(request, "admin/approvals/delegation/meaning.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        made = absence.delegate(wanted=form.wanted, form_id=form.cleaned_data["form_id"], by=person(request))
        obj.pk = made[0].pk

    @admin.action(description=gettext_lazy("End the selected delegations now"), permissions=["add"])
    def end_them(self, request: HttpRequest, queryset: QuerySet[Delegation]) -> None:
        rows = queryset.select_related("delegator", "delegate", "level")
        ended = sum(absence.end(delegation=one, by=person(request)) for one in rows)
        said = ngettext("%(n)d delegation was ended.", "%(n)d delegations were ended.", ended) % {"n": ended}
        messages.success(request, said) if ended else messages.info(request, _("They were over already."))
