"""How an order of a queue's limit is answered."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from approvals.click_answers import ClickAnswers
from circuits.access import is_ops
from circuits.limits import page
from circuits.limits.asked import queue_names
from circuits.limits.forms import LimitForm, fresh
from circuits.limits.page import Queue


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


class LimitAnswers(ClickAnswers[LimitForm]):
    folder = "limits"

    @property
    def address(self) -> str:
        return reverse("limits:index")

    def asking(self, form: LimitForm | None = None, *, confirming: bool = False, judged: bool = False) -> Asking:
        return Asking(form, confirming, judged)

    def whole_page(self, status: int = 200, **more: Any) -> HttpResponse:
        offered = self.asking() if is_ops(self.request.user) else None
        context = {"queues": queue_names(), "asking": offered, **more}
        return render(self.request, "limits/index.html", context, status=status)

    def fresh(self, form: LimitForm) -> LimitForm:
        return fresh(form.queue, form.wanted)
