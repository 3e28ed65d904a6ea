"""The pages of schedules: everybody signed in reads, ops order. Fetch with permission, act, render."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals.views import signed_in
from batches.clock import services
from batches.clock.forms import ScheduleOrderForm
from batches.clock.page import SchedulePage
from batches.clock.receipts import receipt_of
from batches.clock.regions import remembered
from batches.clock.services import Click
from batches.models import Intervention
from circuits.access import is_ops
from live.once import read_once

A = Intervention.Action
ORDERS: dict[str, Callable[..., Intervention]] = {
    A.PAUSE: services.pause,
    A.RESUME: services.resume,
    A.RUN: services.run_now,
    A.PUT_BACK: services.put_back,
    A.DELETE: services.delete,
}


@require_safe
@never_cache
@read_once
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "batches/schedules/index.html", {"ops": is_ops(request.user)})


@require_safe
@never_cache
@read_once
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found = _found(uuid)
    ops = is_ops(request.user)
    made = _own(request, found, request.GET.get("receipt", "")) if ops else None
    context = {"page": found, "ops": ops, "offered": offered(found), "receipt": receipt_of(made) if made else None}
    return render(request, "batches/schedules/schedule.html", context)


@never_cache
@signed_in
def order(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET: the question whether it is meant. POST: it is done."""
    found = for_ops(request, uuid)
    if request.method != "POST":
        return _asked(request, found, request.GET.get("action", ""))
    form = ScheduleOrderForm(request.POST)
    if form.wanted not in ORDERS:
        return redirect(found.row)
    if not form.is_valid():
        return _form(request, found, form, 400)
    data = form.cleaned_data
    click = Click(person(request), data["order_id"], data["shown"])
    try:
        made = ORDERS[form.wanted](schedule=found.row, reason=data["reason"], click=click)
    except ValidationError as error:
        form.refuse(error)
        return _form(request, found, form, 400)
    return redirect(f"{found.row.get_absolute_url()}?receipt={made.order_id}")


def _asked(request: HttpRequest, found: SchedulePage, action: str) -> HttpResponse:
    if action not in offered(found):
        return redirect(found.row)
    initial = {"action": action, "order_id": str(uuid4()), "shown": found.row.version}
    return _form(request, found, ScheduleOrderForm(initial=initial))


def _form(request: HttpRequest, found: SchedulePage, form: ScheduleOrderForm, status: int = 200) -> HttpResponse:
    """Asked again after a refusal: in view of what has happened meanwhile."""
    fresh = {"order_id": str(uuid4()), "shown": found.row.version} if form.is_bound else {}
    context = {"page": found, "form": form, "action": form.wanted, "judged": form.is_bound, "fresh": fresh}
    return render(request, "batches/schedules/order.html", context, status=status)


def offered(found: SchedulePage) -> list[str]:
    """What can be ordered of it as it is now."""
    row = found.row
    if row.deleted_at:
        return []
    first = A.RESUME if row.paused else A.PAUSE
    return [*([A.PUT_BACK] if row.differs else []), A.RUN, first, A.CHANGE, A.DELETE]


def for_ops(request: HttpRequest, uuid: UUID) -> SchedulePage:
    """That it exists is no secret, so who may not order is told so."""
    if not is_ops(request.user):
        raise PermissionDenied(_("Only operators may order something of a schedule."))
    return _found(uuid)


def _found(uuid: UUID) -> SchedulePage:
    found = remembered(str(uuid))
    if found is None:
        raise Http404
    return found


def _own(request: HttpRequest, found: SchedulePage, order_id: str) -> Intervention | None:
    own: Any = found.row.interventions.filter(user=person(request), order_id=order_id[:64])
    return own.select_related("schedule").first() if order_id else None
