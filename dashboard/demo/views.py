"""Turning the knobs of the demo's service: operators and admins only, on the page of its circuit."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from circuits.access import is_ops
from dashboard.demo import panel
from dashboard.demo.forms import KnobsForm
from dashboard.demo.service import asking
from dashboard.demo.service.knobs import WELL, Knobs, broken


@require_POST
@never_cache
def turn(request: HttpRequest, service: str) -> HttpResponse:
    """``do``: break, mend, or set it as typed."""
    if not panel.is_of_the_demo(service):
        raise Http404
    if not is_ops(request.user):
        raise PermissionDenied(_("Only operators and admins may break or mend the demo's services."))
    form = None
    if request.POST.get("do") not in ("break", "mend"):
        form = KnobsForm(request.POST)
        if not form.is_valid():
            form.focus_on_what_is_wrong()
            return _again(request, service, form, "", 400)
    try:
        wanted = _wanted(request, service, form)
        asking.turn(service, wanted, by=request.user.get_username())
    except asking.Away as away:
        return _again(request, service, form, str(away), 503)
    except asking.Refused as refused:
        return _again(request, service, form, str(refused), 400)
    return _done(request, service, _said(wanted))


def _wanted(request: HttpRequest, service: str, form: KnobsForm | None) -> Knobs:
    if form is not None:
        return form.wanted
    return WELL[service] if request.POST["do"] == "mend" else broken(asking.tell(service).knobs)


def _said(wanted: Knobs) -> str:
    if wanted.hang:
        return _("Set: it answers nothing from now on.")
    if wanted.broken:
        return _("Broken: every call fails from now on. Watch the circuit open.")
    return _("Set: it is answering again. An open circuit tries it when its time is over.")


def _done(request: HttpRequest, service: str, said: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, panel.TEMPLATE, panel.context(service, request, said=said))
    messages.success(request, said)
    return redirect("circuits:circuit", service)


def _again(request: HttpRequest, service: str, form: KnobsForm | None, said: str, status: int) -> HttpResponse:
    """What was typed stays, with what is wrong; without JavaScript as a page of its own."""
    context = {**panel.context(service, request, form), "wrong": said, "judged": form is not None}
    alone = not request.headers.get("HX-Request")
    return render(request, "dashboard/demo/service.html" if alone else panel.TEMPLATE, context, status=status)
