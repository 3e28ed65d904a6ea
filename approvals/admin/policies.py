"""Policies: checked for gaps and doubles as they are saved, and each version of them."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import person
from accounts.seen import SeenForm
from approvals import granting
from approvals.admin.levels import refused
from approvals.admin.saving import Guarded
from approvals.models import LevelHolder, Policy, PolicyVersion, Request, Tier
from live.writes import write


class TierFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """All tiers together: every amount finds a level, and the order of the levels is one."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        tiers = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if problems := problems_of(tiers):
            raise ValidationError(problems)


def problems_of(tiers: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the tiers of one policy, in words."""
    if not tiers:
        return [_("It names no level, so nobody could decide. Add a tier.")]
    problems = []
    if (lowest := min(tier["from_amount"] for tier in tiers)) > 0:
        gap = _("Amounts below %(lowest)s would find no level: one tier has to begin at 0.")
        problems.append(gap % {"lowest": lowest})
    doubled = sorted(place for place, number in Counter(tier["position"] for tier in tiers).items() if number > 1)
    if doubled:
        double = _("More than one tier has the position %(places)s: the order of the levels would be left to chance.")
        problems.append(double % {"places": ", ".join(map(str, doubled))})
    return problems


class TierInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Tier
    formset = TierFormSet
    extra = 0
    verbose_name_plural = gettext_lazy("tiers: the levels that decide, from which amount on, in their order")


RULES = ("self_approval", "distinct_approvers", "overrides_allowed")


def day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")


def said(kept: PolicyVersion) -> str:
    """One version in a line."""
    snapshot = kept.snapshot
    tiers = [f"{tier['level']} ≥ {tier['from_amount']} ({tier['timeout_seconds']} s)" for tier in snapshot["tiers"]]
    rules = [name.replace("_", " ") for name in RULES if snapshot.get(name)]
    return f"{snapshot['title']}, {snapshot['currency']}: {', '.join(tiers)}; {', '.join(rules)}"


@admin.register(Policy)
class PolicyAdmin(Guarded):
    """Every change is a new version. Open requests carry the chain they began with, so none is stranded by it."""

    form = SeenForm
    list_display = ("title", "kind", "currency", "self_approval", "distinct_approvers", "version")
    search_fields = ("kind", "title")
    inlines = (TierInline,)
    fieldsets = (
        (None, {"fields": ("title", "kind", "currency", "version", "its_versions", "seen")}),
        (
            gettext_lazy("Rules"),
            {
                "fields": RULES,
                "description": gettext_lazy(
                    "A change is for new requests only: an open one carries its chain and its rules."
                ),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("version", "its_versions", "kind") if obj else ("version", "its_versions")

    @admin.display(description=gettext_lazy("what each version said"))
    def its_versions(self, policy: Policy) -> str:
        """Open requests name the one that they began with."""
        if not policy.pk or not (kept := list(policy.versions.all())):
            return _("Kept from the first change on.")
        lines = (
            (one.version, date_format(timezone.localtime(one.at), "j M Y, H:i"), one.by, said(one)) for one in kept
        )
        return format_html_join("", "<p><b>{}</b> · {} {}<br>{}</p>", lines)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:  # noqa: ARG002
        form.replaced = granting.before_change(obj) if change else None
        obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with write():
            super().save_related(request, form, formsets, change)
            if not change or form.has_changed() or any(formset.has_changed() for formset in formsets):
                granting.after_change(policy=form.instance, before=form.replaced, by=person(request))
        self._warn(request, form.instance)

    def _warn(self, request: HttpRequest, policy: Policy) -> None:
        """Saved all the same: whoever sets up a policy may name its people afterwards."""
        held = LevelHolder.objects.current(kind=policy.kind).values("level")
        empty = [tier.level.title for tier in policy.tiers.select_related("level").exclude(level__in=held)]
        if empty:
            warning = _("Nobody holds %(levels)s for this kind now: requests that need it would wait for nobody.")
            messages.warning(request, warning % {"levels": ", ".join(empty)})

    def remove(self, by: User, obj: Policy) -> None:
        granting.remove_policy(policy=obj, by=by)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> Any:
        policy = self.get_object(request, object_id)
        if policy and (why := policy_in_use(policy)):
            return refused(request, "policy", policy, why)
        return super().delete_view(request, object_id, *args, **more)


def policy_in_use(policy: Policy) -> str:
    """Why it cannot be deleted, in a sentence; "" if it can."""
    if policy.kind == "default":
        return _("The default policy stays: it is for every request that names no kind.")
    waiting = Request.objects.filter(closed_at=None, kind=policy.kind).count()
    holders = LevelHolder.objects.exclude(kinds="").filter(kinds__contains=f" {policy.kind} ").count()
    if not waiting and not holders:
        return ""
    why = _("“%(policy)s” is in use and was not deleted: %(waiting)d open requests, %(holders)d limited levels.")
    return why % {"policy": policy, "waiting": waiting, "holders": holders}
