"""The pages of circuits: everybody signed in reads, ops order. Fetch with permission, act, render."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals.answers import is_htmx
from approvals.views import signed_in
from circuits import page, services
from circuits.access import is_ops
from circuits.answers import CircuitAnswers
from circuits.controls import Asking, is_action
from circuits.forms import OrderForm, fresh
from circuits.models import Order
from circuits.page import CircuitPage
from circuits.regions import remembered_page
from live.once import read_once
from worker.reading import as_uuid


@require_safe
@never_cache
@read_once
def index(request: HttpRequest) -> HttpResponse:
    view = page.NEEDING if request.GET.get("show") == page.NEEDING else page.ALL
    return render(request, "circuits/index.html", {"view": view})


@require_safe
@never_cache
@read_once
def show(request: HttpRequest, service: str) -> HttpResponse:
    found = remembered_page(service)
    answers = CircuitAnswers(request, found)
    if not is_ops(request.user):
        return answers.whole_page()
    ordered = _own_order(request, service, request.GET.get("receipt", ""))
    known = services.receipt_of(ordered) if ordered else None
    return answers.whole_page(asking=_begun(found, request.GET.get("order", "")), receipt=known)


@never_cache
@signed_in
def order(request: HttpRequest, service: str) -> HttpResponse:
    """GET: the panel with the form of one action. POST: asked whether it is meant, then ordered."""
    if request.method != "POST":
        return _form(request, service)
    found = _for_ops(request, service)
    form = OrderForm(request.POST, service=service)

    def meant() -> services.Receipt:
        names = ("reason", "seconds", "config", "order_id", "shown")
        what = {name: form.cleaned_data[name] for name in names}
        return services.order(service=service, action=Order.Action(form.wanted), by=person(request), **what)

    return CircuitAnswers(request, found).order(form, meant)


@read_once
def _form(request: HttpRequest, service: str) -> HttpResponse:
    action = request.GET.get("action", "")
    if not is_htmx(request) and not action:  # somebody's service may be called so
        return show(request, service=f"{service}/order")
    if not is_htmx(request):
        query = f"?order={action}#order" if is_action(action) else ""
        return HttpResponseRedirect(reverse("circuits:circuit", args=[service]) + query)
    found = _for_ops(request, service)
    return CircuitAnswers(request, found).panel(_begun(found, action))


@require_safe
@never_cache
@signed_in
@read_once
def receipt(request: HttpRequest, service: str, order_id: UUID) -> HttpResponse:
    """What became of one's own order; asked every second until it is settled."""
    found = _for_ops(request, service)
    ordered = _own_order(request, service, str(order_id))
    if ordered is None:
        raise Http404
    return CircuitAnswers(request, found).progress(services.receipt_of(ordered), str(order_id))


def _for_ops(request: HttpRequest, service: str) -> CircuitPage:
    """That it exists is no secret, so who may not order is told so; what nobody knows is not found."""
    if not is_ops(request.user):
        raise PermissionDenied
    return remembered_page(service)


def _begun(found: CircuitPage, action: str) -> Asking:
    if not is_action(action):
        return Asking(found)
    return Asking(found, fresh(found.told.service, action, found.told.state))


def _own_order(request: HttpRequest, service: str, order_id: str) -> Order | None:
    known = as_uuid(order_id)
    if known is None:
        return None
    own = Order.objects.filter(service=service, user=person(request), order_id=str(known))
    return own.select_related("user").first()
