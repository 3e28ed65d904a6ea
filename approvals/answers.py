"""How a decision is answered: as JSON to a program, as a piece to htmx, else as a whole page after a redirect."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from approvals import panels, services
from approvals.forms import DecideForm, ReasonForm, SayForm, sentences
from approvals.models import Request
from approvals.page import request_page

WHOLE = "approvals/request.html"


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def fresh_forms(approval: Request) -> dict[str, Any]:
    """Forms that nobody has typed into; their ids make a double click one decision."""
    return {
        "form": DecideForm(initial={"decision_id": uuid4(), "shown": services.shown_digest(approval)}),
        "reason_form": ReasonForm(initial={"decision_id": uuid4()}),
        "say_form": SayForm(initial={"form_id": uuid4()}),
    }


def whole_page(request: HttpRequest, approval: Request, **more: Any) -> HttpResponse:
    return _rendered(request, WHOLE, approval, 200, more)


def wrong_page(request: HttpRequest, approval: Request, **more: Any) -> HttpResponse:
    """The whole page, with a form in it that says what is wrong with it."""
    return _rendered(request, WHOLE, approval, 400, more)


def panel(request: HttpRequest, approval: Request, status: int = 200, **more: Any) -> HttpResponse:
    """Only what decides, if htmx asked; without JavaScript the page around it."""
    template = "approvals/_decision.html" if is_htmx(request) else WHOLE
    return _rendered(request, template, approval, status, more)


def _rendered(
    request: HttpRequest, template: str, approval: Request, status: int, more: dict[str, Any]
) -> HttpResponse:
    page = request_page(approval, request.user)
    if template == WHOLE:
        more = {"panel": panels.of(approval, request), **more}
    return render(request, template, {"page": page, **fresh_forms(approval), **more}, status=status)


def again(request: HttpRequest, approval: Request, form: DecideForm) -> HttpResponse:
    """Back from the confirmation: the form with all that was typed."""
    return panel(request, approval, form=form, judged=False, chosen=form.data.get("verdict"))


def confirm(request: HttpRequest, approval: Request, form: DecideForm) -> HttpResponse:
    return panel(request, approval, form=form, confirming=form.cleaned_data["verdict"])


def wrong(request: HttpRequest, approval: Request, form: BaseForm) -> HttpResponse:
    """What was sent cannot be a decision: said, and nothing typed is lost."""
    if wants_json(request):
        typed = str(form.data.get("decision_id", ""))[:200]
        return JsonResponse({"state": "invalid", "reason": sentences(form), "decision_id": typed}, status=400)
    return panel(request, approval, status=400, judged=True, **_kept(form))


def receipt(request: HttpRequest, approval: Request, known: services.Receipt, form: BaseForm) -> HttpResponse:
    """After an id that was another decision's there is no attempt of this person's to be sent to."""
    unsent = known.state == "not_sent"
    if wants_json(request):
        return _as_json(known, form.cleaned_data["decision_id"], 503 if unsent else 200)
    approval.refresh_from_db()
    if unsent:
        return panel(request, approval, status=503, receipt=known, fresh=True, **_kept(form))
    if is_htmx(request) or known.attempt is None:
        return panel(request, approval, receipt=known, fresh=True)
    return HttpResponseRedirect(_address(approval, known.attempt.decision_id), status=303)


def _address(approval: Request, decision_id: str) -> str:
    return f"{approval.get_absolute_url()}?{urlencode({'receipt': decision_id})}#decision"


def progress(request: HttpRequest, approval: Request, known: services.Receipt, decision_id: str) -> HttpResponse:
    """The receipt alone; once it is settled, the panel around it too."""
    if wants_json(request):
        return _as_json(known, decision_id, 200)
    if not is_htmx(request):
        return HttpResponseRedirect(_address(approval, decision_id))
    if known.state == "recording":
        return render(request, "approvals/_receipt.html", {"approval": approval, "receipt": known})
    return panel(request, approval, receipt=known, renewed=True)


def _as_json(known: services.Receipt, decision_id: str, status: int) -> JsonResponse:
    reason = known.reason or _SAYS.get(known.state, "")
    body = {"state": known.state, "reason": reason, "code": known.code, "decision_id": decision_id}
    return JsonResponse({name: str(value) for name, value in body.items()}, status=status)


_SAYS = {
    "not_sent": gettext_lazy("Temporal cannot be reached. Nothing was sent; send it again under the same decision id.")
}


def chosen(verdict: str) -> dict[str, str]:
    """Whoever comes from a list with a verdict in mind finds its button first."""
    return {"chosen": verdict if verdict in ("approve", "reject") else ""}


def _kept(form: BaseForm) -> dict[str, BaseForm]:
    return {"form" if isinstance(form, DecideForm) else "reason_form": form}
