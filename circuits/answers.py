"""How an order is answered: as JSON to a program, as a piece to htmx, else as a whole page after a redirect."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from approvals.answers import is_htmx, wants_json
from approvals.clicks import receipt_as_json, wrong_as_json
from circuits import page as pages
from circuits import panels
from circuits.access import is_ops
from circuits.controls import Asking
from circuits.forms import OrderForm, fresh
from circuits.models import stream_of
from circuits.page import CircuitPage
from circuits.regions import remembered_page
from circuits.services import Receipt


def whole_page(request: HttpRequest, found: CircuitPage, status: int = 200, **more: Any) -> HttpResponse:
    """The page; with the panel of orders for ops only."""
    service = found.told.service
    context = {
        "page": found,
        "stream": stream_of(service),
        "panels": panels.of(service, request),
        "asking": Asking(found) if is_ops(request.user) else None,
        **more,
    }
    return render(request, "circuits/circuit.html", context, status=status)


def panel(request: HttpRequest, asking: Asking, status: int = 200, **more: Any) -> HttpResponse:
    """The panel of orders alone, if htmx asked; without JavaScript the page around it."""
    if not is_htmx(request):
        return whole_page(request, asking.page, status, asking=asking, **more)
    return render(request, "circuits/_order.html", {"asking": asking, "page": asking.page, **more}, status=status)


def wrong(request: HttpRequest, found: CircuitPage, form: OrderForm) -> HttpResponse:
    """What was sent cannot be an order: said, and nothing typed is lost."""
    if wants_json(request):
        return wrong_as_json(form)
    return panel(request, Asking(found, form, judged=True), status=400)


def receipt(request: HttpRequest, service: str, known: Receipt, form: OrderForm) -> HttpResponse:
    """What was not sent or not applied is still in its form; after what was, the choices are offered again."""
    unsent = known.state == "not_sent"
    if wants_json(request):
        return receipt_as_json(known, form.cleaned_data["order_id"], 503 if unsent else 200)
    found = pages.circuit_page(service)
    if unsent:
        return panel(request, Asking(found, form), status=503, receipt=known, fresh=True)
    if known.state == "refused":
        return panel(request, Asking(found, _renewed(form, found)), receipt=known, fresh=True)
    if is_htmx(request) or known.order is None:
        return panel(request, Asking(found), receipt=known, fresh=True)
    return HttpResponseRedirect(_address(service, known.order.order_id), status=303)


def _renewed(form: OrderForm, found: CircuitPage) -> OrderForm:
    """All that was typed, under a new id, in view of what has happened: it may be ordered again."""
    again = fresh(found.told.service, form.wanted, found.state or None)
    again.initial = {**again.initial, **form.typed_again}
    return again


def progress(request: HttpRequest, service: str, known: Receipt, order_id: str) -> HttpResponse:
    """The receipt alone, asked for until it is settled; then the panel around it."""
    if wants_json(request):
        return receipt_as_json(known, order_id)
    if not is_htmx(request):
        return HttpResponseRedirect(_address(service, order_id))
    if known.state == "recording":
        return render(request, "circuits/_receipt.html", {"service": service, "receipt": known})
    return panel(request, Asking(remembered_page(service)), receipt=known, renewed=True)


def _address(service: str, order_id: str) -> str:
    return f"{reverse('circuits:circuit', args=[service])}?{urlencode({'receipt': order_id})}#order"
