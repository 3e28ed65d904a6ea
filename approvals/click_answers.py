"""How an order is answered: as JSON to a program, as a piece to htmx, else as a whole page after a redirect."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from accounts.ordering.receipts import Receipt
from approvals.answers import is_htmx, wants_json
from approvals.clicks import ClickForm
from approvals.forms import sentences

F = TypeVar("F", bound=ClickForm)


@dataclass(frozen=True)
class ClickAnswers(ABC, Generic[F]):
    """Those to one request; each app says what is ordered of, and what its panel of orders is made of."""

    request: HttpRequest

    folder: ClassVar[str]
    """Of its templates: ``_order.html`` is the panel of orders, ``_receipt.html`` the receipt in it."""
    at_once: ClassVar[Container[str]] = ()
    """What is not asked once more: its form says all there is to say."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Of the page around the panel."""

    @property
    def about(self) -> Mapping[str, Any]:
        """What panel and receipt have to know besides."""
        return {}

    @abstractmethod
    def asking(self, form: F | None = None, *, confirming: bool = False, judged: bool = False) -> Any:
        """The panel: which order is filled in, whether it is asked to be meant, and what is wrong with it."""

    @abstractmethod
    def whole_page(self, status: int = 200, **more: Any) -> HttpResponse:
        """With the panel of orders for ops only."""

    @abstractmethod
    def fresh(self, form: F) -> F | None:
        """A form of the same action that nobody has typed into; None where it cannot be ordered any more."""

    def anew(self) -> Self:
        """After an order: as things are now."""
        return self

    def panel(self, asking: Any, status: int = 200, **more: Any) -> HttpResponse:
        """The panel of orders alone, if htmx asked; without JavaScript the page around it."""
        if not is_htmx(self.request):
            return self.whole_page(status, asking=asking, **more)
        context = {"asking": asking, **self.about, **more}
        return render(self.request, f"{self.folder}/_order.html", context, status=status)

    def order(self, form: F, order: Callable[[], Receipt[Any]]) -> HttpResponse:
        """Asked whether it is meant, then ordered."""
        given = self.request.POST
        if not form.is_valid():
            return self.wrong(form)
        if "back" in given:
            return self.panel(self.asking(form))
        if "ask" in given and "confirmed" not in given and form.wanted not in self.at_once:
            return self.panel(self.asking(form, confirming=True))
        try:
            known = order()
        except ValidationError as error:
            form.refuse(error)
            return self.wrong(form)
        return self.receipt(known, form)

    def wrong(self, form: F) -> HttpResponse:
        """What was sent cannot be an order: said, and nothing typed is lost."""
        if wants_json(self.request):
            return _wrong_as_json(form)
        return self.panel(self.asking(form, judged=True), 400)

    def receipt(self, known: Receipt[Any], form: F) -> HttpResponse:
        """What was not sent or not applied is still in its form."""
        unsent = known.state == "not_sent"
        if wants_json(self.request):
            return _receipt_as_json(known, form.cleaned_data["order_id"], 503 if unsent else 200)
        now = self.anew()
        if unsent:
            return now.panel(now.asking(form), 503, receipt=known, fresh=True)
        if known.state == "refused":
            return now.panel(now.asking(now._renewed(form)), receipt=known, fresh=True)
        if is_htmx(self.request) or known.order is None:
            return now.panel(now.asking(), receipt=known, fresh=True)
        return HttpResponseRedirect(self.address_of(receipt=known.order.order_id), status=303)

    def progress(self, known: Receipt[Any], order_id: str) -> HttpResponse:
        """The receipt alone, asked for until it is settled; then the panel around it."""
        if wants_json(self.request):
            return _receipt_as_json(known, order_id)
        if not is_htmx(self.request):
            return HttpResponseRedirect(self.address_of(receipt=order_id))
        if known.state == "recording":
            return render(self.request, f"{self.folder}/_receipt.html", {**self.about, "receipt": known})
        return self.panel(self.asking(), receipt=known, renewed=True)

    def _renewed(self, form: F) -> F | None:
        """All that was typed, under a new id, in view of what has happened: it may be ordered again."""
        again = self.fresh(form)
        if again is not None:
            again.initial = {**again.initial, **form.typed_again}
        return again

    def address_of(self, **query: str) -> str:
        return f"{self.address}?{urlencode(query)}#order"


# --- for programs ------------------------------------------------------------------------------------------------


def _receipt_as_json(known: Receipt[Any], order_id: str, status: int = 200) -> JsonResponse:
    reason = known.reason or _SAYS.get(known.state, "")
    body = {"state": known.state, "reason": str(reason), "order_id": order_id}
    return JsonResponse(body, status=status)


def _wrong_as_json(form: ClickForm) -> JsonResponse:
    typed = str(form.data.get("order_id", ""))[:200]
    return JsonResponse({"state": "invalid", "reason": sentences(form), "order_id": typed}, status=400)


_SAYS = {
    "not_sent": gettext_lazy("Temporal cannot be reached. Nothing was sent; send it again under the same order id.")
}
