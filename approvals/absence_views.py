"""The page of absences: name a stand-in, see what that means, confirm it; end it."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import person
from approvals import absence
from approvals.absence_effect import effects
from approvals.absence_forms import AbsenceForm
from approvals.absence_queries import absence_page, delegation_of, people_to_name
from approvals.holders import day_of
from approvals.rows import person_name


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def absences(request: HttpRequest) -> HttpResponse:
    """Without JavaScript too: the form, then what it would mean, then saved."""
    by = person(request)
    if request.method != "POST":
        return _page(request, AbsenceForm(by, initial=_fresh(by)))
    form = AbsenceForm(by, request.POST)
    if "back" in request.POST:
        return _page(request, form)
    if not form.is_valid() or form.wanted is None:
        return _wrong(request, form)
    if "confirmed" not in request.POST:
        return render(request, "approvals/absence_confirm.html", _meaning(form))
    return _save(request, form, form.wanted)


def _fresh(person: User) -> dict[str, Any]:
    """Who holds one level means that one."""
    levels = [level.name for level in absence_page(person).levels]
    return {"form_id": uuid4(), "levels": levels if len(levels) == 1 else []}


def _page(request: HttpRequest, form: AbsenceForm, status: int = 200, *, judged: bool = False) -> HttpResponse:
    by = person(request)
    page = absence_page(by)
    people = people_to_name(by) if page.levels else []
    context = {"page": page, "form": form, "people": people, "judged": judged, "today": day_of(timezone.now())}
    return render(request, "approvals/absence.html", context, status=status)


def _wrong(request: HttpRequest, form: AbsenceForm) -> HttpResponse:
    form.focus_on_what_is_wrong()
    return _page(request, form, status=422, judged=True)


def _meaning(form: AbsenceForm) -> dict[str, Any]:
    wanted = form.wanted
    assert wanted is not None
    typed = [(name, value) for name, values in _posted(form) for value in values]
    return {
        "wanted": wanted,
        "effects": effects(wanted),
        "at_once": wanted.from_day == day_of(timezone.now()),
        "typed": typed,
    }


def _posted(form: AbsenceForm) -> list[tuple[str, list[str]]]:
    """What was typed, with the form's id, which a hand-made form may lack."""
    data: Any = form.data
    typed = [(name, data.getlist(name)) for name in form.fields if name != "form_id"]
    return [*typed, ("form_id", [str(form.cleaned_data["form_id"])])]


def _save(request: HttpRequest, form: AbsenceForm, wanted: absence.Wanted) -> HttpResponse:
    try:
        absence.delegate(wanted=wanted, form_id=form.cleaned_data["form_id"], by=person(request))
    except absence.NotPossible as found:  # somebody was quicker, or the day has changed
        form.refuse(found)
        return _wrong(request, form)
    said = _("%(who)s stands in for you from %(first)s to %(last)s. Both of you are told by mail.")
    days = {"first": absence.shown(wanted.from_day), "last": absence.shown(wanted.until_day)}
    messages.success(request, said % {"who": person_name(wanted.delegate), **days})
    return redirect("approvals:absence")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked whether it is meant; twice is once."""
    one = delegation_of(request.user, pk)
    if "confirmed" not in request.POST:
        return render(request, "approvals/absence_end.html", {"one": one})
    who = {"who": person_name(one.delegate)}
    if absence.end(delegation=one, by=person(request)):
        messages.success(request, _("Ended: %(who)s does not stand in any more. Both of you are told by mail.") % who)
    else:
        messages.info(request, _("It was over already; nothing was changed."))
    return redirect("approvals:absence")
