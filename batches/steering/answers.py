"""How an order is answered: as JSON to a program, as a piece to htmx, else as a whole page after a redirect."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from approvals.answers import is_htmx, wants_json
from approvals.clicks import receipt_as_json, wrong_as_json
from batches import page as pages
from batches.models import Batch
from batches.page import BatchPage
from batches.past import WHOLE
from batches.regions import line_key, remembered_page
from batches.steering.controls import Asking, choices
from batches.steering.forms import OrderForm, fresh
from batches.steering.services import Receipt
from circuits.access import is_ops


def whole_page(request: HttpRequest, found: BatchPage, status: int = 200, **more: Any) -> HttpResponse:
    """The page; with the panel of orders for ops only."""
    ops = is_ops(request.user)
    context = {
        "page": found,
        "ops": ops,
        "line_key": line_key(found.row.uuid, request.GET.get("line") == WHOLE),
        "asking": Asking(found) if ops else None,
        **more,
    }
    return render(request, "batches/batch.html", context, status=status)


def panel(request: HttpRequest, asking: Asking, status: int = 200, **more: Any) -> HttpResponse:
    """The panel of orders alone, if htmx asked; without JavaScript the page around it."""
    if not is_htmx(request):
        return whole_page(request, asking.page, status, asking=asking, **more)
    return render(request, "batches/_order.html", {"asking": asking, "page": asking.page, **more}, status=status)


def wrong(request: HttpRequest, found: BatchPage, form: OrderForm) -> HttpResponse:
    """What was sent cannot be an order: said, and nothing typed is lost."""
    if wants_json(request):
        return wrong_as_json(form)
    return panel(request, Asking(found, form, judged=True), status=400)


def receipt(request: HttpRequest, batch: Batch, known: Receipt, form: OrderForm) -> HttpResponse:
    """What was not sent or not applied is still in its form."""
    unsent = known.state == "not_sent"
    if wants_json(request):
        return receipt_as_json(known, form.cleaned_data["order_id"], 503 if unsent else 200)
    found = pages.batch_page(str(batch.uuid))
    if unsent:
        return panel(request, Asking(found, form), status=503, receipt=known, fresh=True)
    if known.state == "refused":
        return panel(request, Asking(found, _renewed(form, found)), receipt=known, fresh=True)
    if is_htmx(request) or known.order is None:
        return panel(request, Asking(found), receipt=known, fresh=True)
    return HttpResponseRedirect(_address(batch, known.order.order_id), status=303)


def _renewed(form: OrderForm, found: BatchPage) -> OrderForm | None:
    """All that was typed, under a new id, in view of what has happened: it may be ordered again, while it can be."""
    if form.wanted not in {choice.action for choice in choices(found)}:
        return None
    again = fresh(found.row, form.wanted, found.progress)
    again.initial = {**again.initial, **form.typed_again}
    return again


def progress(request: HttpRequest, batch: Batch, known: Receipt, order_id: str) -> HttpResponse:
    """The receipt alone, asked for until it is settled; then the panel around it."""
    if wants_json(request):
        return receipt_as_json(known, order_id)
    if not is_htmx(request):
        return HttpResponseRedirect(_address(batch, order_id))
    if known.state == "recording":
        return render(request, "batches/_receipt.html", {"page": {"row": batch}, "receipt": known})
    return panel(request, Asking(remembered_page(str(batch.uuid))), receipt=known, renewed=True)


def _address(batch: Batch, order_id: str) -> str:
    return f"{batch.get_absolute_url()}?{urlencode({'receipt': order_id})}#order"
