"""How an order of a batch is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from django.http import HttpResponse
from django.shortcuts import render

from approvals.click_answers import ClickAnswers
from batches import page
from batches.page import BatchPage
from batches.past import WHOLE
from batches.regions import line_key
from batches.steering.controls import AT_ONCE, Asking, choices
from batches.steering.forms import OrderForm, fresh
from circuits.access import is_ops


@dataclass(frozen=True)
class BatchAnswers(ClickAnswers[OrderForm]):
    found: BatchPage

    folder = "batches"
    at_once = AT_ONCE

    @property
    def address(self) -> str:
        return self.found.row.get_absolute_url()

    @property
    def about(self) -> Mapping[str, Any]:
        return {"page": self.found}

    def asking(self, form: OrderForm | None = None, *, confirming: bool = False, judged: bool = False) -> Asking:
        return Asking(self.found, form, confirming, judged)

    def whole_page(self, status: int = 200, **more: Any) -> HttpResponse:
        ops = is_ops(self.request.user)
        context = {
            "page": self.found,
            "ops": ops,
            "line_key": line_key(self.found.row.uuid, self.request.GET.get("line") == WHOLE),
            "asking": self.asking() if ops else None,
            **more,
        }
        return render(self.request, "batches/batch.html", context, status=status)

    def fresh(self, form: OrderForm) -> OrderForm | None:
        if form.wanted not in {choice.action for choice in choices(self.found)}:
            return None
        return fresh(self.found.row, form.wanted, self.found.progress)

    def anew(self) -> Self:
        return replace(self, found=page.batch_page(str(self.found.row.uuid)))
