"""How an order is answered: as JSON to a program, as a piece to htmx, else as a whole page after a redirect."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from approvals.answers import is_htmx, wants_json
from approvals.clicks import receipt_as_json, wrong_as_json
from circuits.access import is_ops
from circuits.limits import page
from circuits.limits.asked import queue_names
from circuits.limits.forms import LimitForm, fresh
from circuits.limits.page import Queue
from circuits.limits.services import Receipt
from circuits.models import LimitOrder


@dataclass(frozen=True)
class Asking:
    """The panel of orders: which one is filled in, and whether it is asked to be meant."""

    form: LimitForm | None = None
    confirming: bool = False
    judged: bool = False

    @property
    def queues(self) -> list[Queue]:
        """What can be ordered of which."""
        return page.queues()

    @property
    def chosen(self) -> Queue | None:
        return page.queue(self.form.queue) if self.form else None


def whole_page(request: HttpRequest, status: int = 200, asking: Asking | None = None, **more: Any) -> HttpResponse:
    """The page; with the panel of orders for ops only."""
    offered = (asking or Asking()) if is_ops(request.user) else None
    return render(request, "limits/index.html", {"asking": offered, "queues": queue_names(), **more}, status=status)


def panel(request: HttpRequest, asking: Asking, status: int = 200, **more: Any) -> HttpResponse:
    """The panel of orders alone, if htmx asked; without JavaScript the page around it."""
    if not is_htmx(request):
        return whole_page(request, status, asking, **more)
    return render(request, "limits/_order.html", {"asking": asking, **more}, status=status)


def wrong(request: HttpRequest, form: LimitForm) -> HttpResponse:
    """What was sent cannot be an order: said, and nothing typed is lost."""
    if wants_json(request):
        return wrong_as_json(form)
    return panel(request, Asking(form, judged=True), status=400)


def receipt(request: HttpRequest, known: Receipt, form: LimitForm) -> HttpResponse:
    """What was not applied is still in its form, under a new id, in view of what has happened."""
    if wants_json(request):
        return receipt_as_json(known, form.cleaned_data["order_id"])
    if known.state == "refused":
        again = fresh(form.queue, form.wanted)
        again.initial = {**again.initial, **form.typed_again}
        return panel(request, Asking(again), receipt=known, fresh=True)
    if is_htmx(request) or known.order is None:
        return panel(request, Asking(), receipt=known, fresh=True)
    return HttpResponseRedirect(address_of(receipt=known.order.order_id), status=303)


def progress(request: HttpRequest, known: Receipt, ordered: LimitOrder) -> HttpResponse:
    """The receipt alone, asked for until it is settled; then the panel around it."""
    if wants_json(request):
        return receipt_as_json(known, ordered.order_id)
    if not is_htmx(request):
        return HttpResponseRedirect(address_of(receipt=ordered.order_id))
    if known.state == "recording":
        return render(request, "limits/_receipt.html", {"receipt": known})
    return panel(request, Asking(), receipt=known, renewed=True)


def address_of(**query: str) -> str:
    return f"{reverse('limits:index')}?{urlencode(query)}#order"
