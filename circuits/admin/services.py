"""The registry: services with their rungs, saved with a reason, never over what somebody else saved meanwhile."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import label_for_field, unquote
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import person
from accounts.seen import SeenForm
from circuits import registering
from circuits.models import Circuit, Rung, Service, ServiceVersion
from circuits.versions import BUDGET, SETTINGS
from live.writes import write
from worker.circuit_contract import MAX_REASON, MAX_RUNGS

SHOWN_VERSIONS = 30


def reason_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why"),
        max_length=MAX_REASON,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text=gettext_lazy("It stands in the ledger and beside the change, for whoever looks next."),
    )


class ServiceForm(SeenForm):
    reason = reason_field()


class RemovalForm(forms.Form):
    reason = reason_field()


class RungFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """All rungs together: names, positions, circles."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        if wrong := registering.wrong_rungs(self.instance, self.rungs()):
            raise ValidationError(wrong)

    def rungs(self) -> list[Rung]:
        """As they will be."""
        filled = [form for form in self.forms if getattr(form, "cleaned_data", None)]
        return [form.instance for form in filled if not form.cleaned_data.get("DELETE")]


class RungInline(admin.TabularInline):  # type: ignore[type-arg]
    """Whoever may change a service may change its rungs: they are saved as a whole."""

    model = Rung
    fk_name = "service"
    formset = RungFormSet
    extra = 0
    max_num = MAX_RUNGS
    verbose_name_plural = gettext_lazy("rungs: what serves, the best first")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        """Narrow enough for a row, and without the pictures that would edit another service from here."""
        found: Any = super().formfield_for_dbfield(db_field, request, **more)
        if db_field.name == "name":
            found.widget = forms.TextInput({"size": 14})
        elif db_field.name == "circuit":
            widget = found.widget
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
        elif isinstance(found, forms.FloatField):
            found.widget = forms.NumberInput({"step": "any", "class": "vIntegerField"})
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("circuits.view_service") or request.user.has_perm("circuits.change_service"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("circuits.change_service"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("circuits.change_service"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("circuits.change_service"))


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ServiceForm
    inlines = (RungInline,)
    list_display = ("name", "title", "base_url", "failure_threshold", "timeout_seconds", "version", "its_circuit")
    search_fields = ("name", "title", "base_url")
    fieldsets = (
        (None, {"fields": ("reason", "name", "title", "base_url", "version", "its_circuit", "seen")}),
        (
            gettext_lazy("When its circuit opens, and closes again"),
            {
                "fields": SETTINGS,
                "description": gettext_lazy("Its circuit takes new settings within seconds, and keeps its state."),
            },
        ),
        (
            gettext_lazy("Its budget: how much batches may call it"),
            {
                "fields": BUDGET,
                "description": gettext_lazy("A change counts from the next chunk that a batch wants to begin."),
            },
        ),
        (gettext_lazy("What each version changed"), {"fields": ("its_versions",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        known = Circuit.objects.filter(service=OuterRef("name")).values("config_version")
        found: QuerySet[Service] = super().get_queryset(request).annotate(circuit_knows=Subquery(known))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        shown = ("version", "its_circuit", "its_versions")
        return (*shown, "name") if obj else shown

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.display(description=gettext_lazy("its circuit"))
    def its_circuit(self, service: Service) -> str:
        known = getattr(service, "circuit_knows", None)
        if known is None:
            return _("has not begun yet")
        if known < service.config_version:
            return _("is being told of version %(version)d") % {"version": service.config_version}
        return _("has these settings")

    @admin.display(description=gettext_lazy("versions"))
    def its_versions(self, service: Service) -> str:
        kept = list(ServiceVersion.objects.filter(service=service.name)[: SHOWN_VERSIONS + 1]) if service.pk else []
        if not kept:
            return _("Kept from the first save on.")
        pairs = zip(kept[:SHOWN_VERSIONS], [*kept[1:], None][:SHOWN_VERSIONS], strict=True)
        lines = ((one.version, _day(one.at), one.by, one.reason, "; ".join(_differs(one, last))) for one, last in pairs)
        return format_html_join("", "<p><b>{}</b> · {} {}: {}<br>{}</p>", lines)

    # --- saving -------------------------------------------------------------------------------------------------

    def changeform_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        """What is checked is saved in the same transaction, and nobody else writes the registry meanwhile."""
        if request.method != "POST":
            return super().changeform_view(request, *args, **more)
        with write():
            registering.lock()
            return super().changeform_view(request, *args, **more)

    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        """Saved with its rungs, as a whole: below."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        service, rungs = form.instance, [rung for formset in formsets for rung in formset.rungs()]
        for formset in formsets:
            formset.save(commit=False)  # what has changed, for the site's own log
        before = service.version if change else None
        registering.save_service(
            service=service, rungs=rungs, reason=form.cleaned_data["reason"], by=person(request)
        )  # fmt: skip
        if before == service.version:
            messages.info(request, _("Nothing differs from what was there, so there is no new version."))

    # --- removing -----------------------------------------------------------------------------------------------

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Says first what becomes of its circuit, and asks why."""
        service = self.get_object(request, unquote(object_id))
        if service is None or not self.has_delete_permission(request, service):
            return super().delete_view(request, object_id, extra_context)
        holds = registering.what_holds(service)
        form = RemovalForm(request.POST if request.method == "POST" and not holds else None)
        if form.is_bound and form.is_valid():
            return self._remove(request, service, form.cleaned_data["reason"])
        return self._removal_page(request, service, form, holds)

    def _removal_page(self, request: HttpRequest, service: Service, form: RemovalForm, holds: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Remove %(service)s from the registry?") % {"service": service},
            "opts": self.model._meta,
            "object": service,
            "form": form,
            "holds": holds,
            "means": registering.what_removal_means(service),
        }
        return TemplateResponse(request, "admin/circuits/service/removal.html", context, status=409 if holds else 200)

    def _remove(self, request: HttpRequest, service: Service, reason: str) -> HttpResponse:
        with write():
            self.log_deletions(request, Service.objects.filter(pk=service.pk))
            registering.remove_service(service=service, reason=reason, by=person(request))
        said = _("%(service)s is not registered any more.") % {"service": service}
        messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:circuits_service_changelist"))


def _day(at: Any) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")


def _differs(one: ServiceVersion, last: ServiceVersion | None) -> Iterator[str]:
    """What a version changed, value by value."""
    if last is None:
        yield _("the first that is kept")
        return
    for name, value in one.snapshot.items():
        was = last.snapshot.get(name)
        if was != value and name == "rungs":
            names = (", ".join(rung["name"] for rung in rungs) or _("none") for rungs in (was or [], value))
            yield "{}: {} → {}".format(_("rungs"), *names)
        elif was != value:
            yield f"{label_for_field(name, Service)}: {_said(was)} → {_said(value)}"


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return _("none") if value in (None, "") else str(value)
