"""The pages on which ops order something of a batch. Fetch with permission, act, render."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals.answers import is_htmx
from approvals.views import signed_in
from batches.models import Order
from batches.page import BatchPage
from batches.regions import remembered_page
from batches.steering import services
from batches.steering.answers import BatchAnswers
from batches.steering.controls import Asking, is_action
from batches.steering.forms import OrderForm, fresh
from circuits.access import is_ops
from live.once import read_once
from worker.reading import as_uuid


@require_safe
@never_cache
@read_once
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The page of a batch; for ops with the form that a link means, or what became of their order."""
    found = remembered_page(str(uuid))
    answers = BatchAnswers(request, found)
    if not is_ops(request.user):
        return answers.whole_page()
    ordered = _own_order(request, found, request.GET.get("receipt", ""))
    known = services.receipt_of(ordered) if ordered else None
    asking = _begun(found, request.GET.get("order", ""), request.GET)
    return answers.whole_page(asking=asking, receipt=known)


@never_cache
@signed_in
def order(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET: the panel with the form of one action. POST: asked whether it is meant, then ordered."""
    found = _for_ops(request, uuid)
    if request.method != "POST":
        return _form(request, found)
    form = OrderForm(request.POST, batch=found.row, in_force=found.progress)

    def meant() -> services.Receipt:
        what = {name: form.cleaned_data[name] for name in ("reason", "wanted", "order_id", "shown")}
        return services.order(batch=found.row, action=Order.Action(form.wanted), by=person(request), **what)

    return BatchAnswers(request, found).order(form, meant)


def _form(request: HttpRequest, found: BatchPage) -> HttpResponse:
    action = request.GET.get("action", "")
    if is_htmx(request):
        return BatchAnswers(request, found).panel(_begun(found, action, request.GET))
    query = {"order": action} | {name: request.GET[name] for name in ("group", "sample") if name in request.GET}
    shown = f"?{urlencode(query)}#order" if is_action(action) else ""
    return HttpResponseRedirect(found.row.get_absolute_url() + shown)


@require_safe
@never_cache
@signed_in
@read_once
def receipt(request: HttpRequest, uuid: UUID, order_id: UUID) -> HttpResponse:
    """What became of one's own order; asked every second until it is settled."""
    found = _for_ops(request, uuid)
    ordered = _own_order(request, found, str(order_id))
    if ordered is None:
        raise Http404
    return BatchAnswers(request, found).progress(services.receipt_of(ordered), str(order_id))


def _for_ops(request: HttpRequest, uuid: UUID) -> BatchPage:
    """That it exists is no secret, so who may not order is told so; what nobody knows is not found."""
    if not is_ops(request.user):
        raise PermissionDenied
    return remembered_page(str(uuid))


def _begun(found: BatchPage, action: str, given: Mapping[str, str]) -> Asking:
    """Of what has ended nothing can be ordered."""
    if not is_action(action) or found.row.closed_at is not None:
        return Asking(found)
    return Asking(found, fresh(found.row, action, found.progress, given))


def _own_order(request: HttpRequest, found: BatchPage, order_id: str) -> Order | None:
    known = as_uuid(order_id)
    if known is None:
        return None
    own = Order.objects.filter(batch=found.row, user=person(request), order_id=str(known))
    return own.select_related("batch", "overtaken_by").first()
