"""How the admin site saves: not over what somebody else saved meanwhile, stranding no request without saying so."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.people import person
from approvals import stranded
from live.writes import write

Found = dict[int, tuple[str, ...]]


class WouldStrand(Exception):
    """Saved so, these requests would find nobody. Raised inside the transaction, which it takes back."""

    def __init__(self, found: Found) -> None:
        super().__init__(found)
        self.found = found


def stuck_at(moments: list[datetime | None]) -> set[tuple[int, str]]:
    """(request, level) pairs at which nobody can decide, at any of these moments; None is now."""
    return {(pk, level) for at in moments for pk, levels in stranded.stuck(at).items() for level in levels}


def refuse_new(before: set[tuple[int, str]], moments: list[datetime | None]) -> None:
    found: Found = {}
    for pk, level in sorted(stuck_at(moments) - before):
        found[pk] = (*found.get(pk, ()), level)
    if found:
        raise WouldStrand(found)


class Guarded(admin.ModelAdmin):  # type: ignore[type-arg]
    """Asks before a change strands open requests, whichever way it is made: form, delete page, action."""

    def moments(self, obj: Any) -> list[datetime | None]:  # noqa: ARG002
        """When to look: now, and where a change takes effect later, then too."""
        return [None]

    def guard(self, request: HttpRequest, moments: list[datetime | None], change: Callable[[], Any]) -> None:
        """Make the change; if it strands requests, and that was not confirmed, take it back and say which."""
        if "strand" in request.POST:
            change()
            return
        with write():
            before = stuck_at(moments)
            change()
            refuse_new(before, moments)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.guard(request, self.moments(obj), lambda: self.store(person(request), obj, form, change))

    def store(self, by: User, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        obj.save()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.guard(request, [None], lambda: self.remove(person(request), obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            self.guard(request, [None], lambda: self.remove_all(person(request), queryset))

    def remove_all(self, by: User, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.remove(by, obj)

    def remove(self, by: User, obj: Any) -> None:  # noqa: ARG002
        obj.delete()

    def changeform_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        return self._asking(request, lambda: super(Guarded, self).changeform_view(request, *args, **more))

    def delete_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        return self._asking(request, lambda: super(Guarded, self).delete_view(request, *args, **more))

    def changelist_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        return self._asking(request, lambda: super(Guarded, self).changelist_view(request, *args, **more))

    def _asking(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        if request.method != "POST":
            return view()
        try:
            with write():
                return view()
        except WouldStrand as refused:
            return confirm_page(request, self, refused.found)


def confirm_page(request: HttpRequest, of: "admin.ModelAdmin[Any]", found: Found) -> HttpResponse:
    """The same form again, all of it hidden, with the requests that it would strand and the one button more."""
    context = {
        **of.admin_site.each_context(request),
        "title": _("Nobody could decide these"),
        "opts": of.model._meta,
        "stranded": stranded.shown(found),
        "number": len(found),
        "more": max(0, len(found) - 20),
        "fields": [(n, v) for n, values in request.POST.lists() if n != "csrfmiddlewaretoken" for v in values],
    }
    return TemplateResponse(request, "admin/approvals/stranding.html", context, status=409)
