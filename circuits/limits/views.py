"""The page of limits: everybody signed in reads, ops order. Fetch with permission, act, render."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals.answers import is_htmx
from approvals.views import signed_in
from circuits.access import is_ops
from circuits.limits import services
from circuits.limits.answers import Asking, LimitAnswers
from circuits.limits.asked import queue_names
from circuits.limits.forms import LimitForm, fresh
from circuits.models import LimitOrder
from live.once import read_once
from worker.reading import as_uuid


@require_safe
@never_cache
@read_once
def index(request: HttpRequest) -> HttpResponse:
    answers = LimitAnswers(request)
    if not is_ops(request.user):
        return answers.whole_page()
    ordered = _own_order(request, request.GET.get("receipt", ""))
    known = services.receipt_of(ordered) if ordered else None
    queue, action = request.GET.get("queue", ""), request.GET.get("order", "")
    asking = _begun(queue, action) if queue in queue_names() else Asking()
    return answers.whole_page(asking=asking, receipt=known)


@never_cache
@signed_in
def order(request: HttpRequest, queue: str) -> HttpResponse:
    """GET: the panel with the form of one action. POST: asked whether it is meant, then ordered."""
    _for_ops(request, queue)
    if request.method != "POST":
        return _form(request, queue, request.GET.get("action", ""))
    form = LimitForm(request.POST, queue=queue)

    def meant() -> services.Receipt:
        what = {name: form.cleaned_data[name] for name in ("reason", "per_second", "order_id", "shown")}
        return services.order(queue=queue, action=LimitOrder.Action(form.wanted), by=person(request), **what)

    return LimitAnswers(request).order(form, meant)


@read_once
def _form(request: HttpRequest, queue: str, action: str) -> HttpResponse:
    answers = LimitAnswers(request)
    if not is_htmx(request):
        return HttpResponseRedirect(answers.address_of(queue=queue, order=action))
    return answers.panel(_begun(queue, action))


@require_safe
@never_cache
@signed_in
@read_once
def receipt(request: HttpRequest, queue: str, order_id: UUID) -> HttpResponse:
    """What became of one's own order; asked every second until it is settled."""
    _for_ops(request, queue)
    ordered = _own_order(request, str(order_id))
    if ordered is None or ordered.queue != queue:
        raise Http404
    return LimitAnswers(request).progress(services.receipt_of(ordered), ordered.order_id)


def _for_ops(request: HttpRequest, queue: str) -> None:
    if not is_ops(request.user):
        raise PermissionDenied
    if queue not in queue_names():
        raise Http404


def _begun(queue: str, action: str) -> Asking:
    return Asking(fresh(queue, action)) if action in LimitOrder.Action.values else Asking()


def _own_order(request: HttpRequest, order_id: str) -> LimitOrder | None:
    known = as_uuid(order_id)
    if known is None:
        return None
    return LimitOrder.objects.filter(user=person(request), order_id=str(known)).select_related("user").first()
