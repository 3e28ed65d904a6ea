"""How an order of a circuit is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from approvals.click_answers import ClickAnswers
from circuits import page, panels
from circuits.access import is_ops
from circuits.controls import Asking
from circuits.forms import OrderForm, fresh
from circuits.models import stream_of
from circuits.page import CircuitPage


@dataclass(frozen=True)
class CircuitAnswers(ClickAnswers[OrderForm]):
    found: CircuitPage

    folder = "circuits"

    @property
    def service(self) -> str:
        return self.found.told.service

    @property
    def address(self) -> str:
        return reverse("circuits:circuit", args=[self.service])

    @property
    def about(self) -> Mapping[str, Any]:
        return {"page": self.found, "service": self.service}

    def asking(self, form: OrderForm | None = None, *, confirming: bool = False, judged: bool = False) -> Asking:
        return Asking(self.found, form, confirming, judged)

    def whole_page(self, status: int = 200, **more: Any) -> HttpResponse:
        context = {
            "page": self.found,
            "stream": stream_of(self.service),
            "panels": panels.of(self.service, self.request),
            "asking": self.asking() if is_ops(self.request.user) else None,
            **more,
        }
        return render(self.request, "circuits/circuit.html", context, status=status)

    def fresh(self, form: OrderForm) -> OrderForm:
        return fresh(self.service, form.wanted, self.found.state or None)

    def anew(self) -> Self:
        return replace(self, found=page.circuit_page(self.service))
