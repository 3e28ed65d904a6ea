"""The page on which ops ask again for a batch that has changed since it was approved, or drop it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.people import person
from batches.models import Batch, State
from batches.page import BatchPage, batch_page
from batches.release import services
from batches.release.shown import asked_of
from circuits.access import is_ops


@never_cache
def ask(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET: what has changed, and what asking again comes to. POST: it is asked, or dropped."""
    row = _for_ops(request, uuid)
    if row.state != State.CHANGED:
        return redirect(row)
    if request.method != "POST":
        return _page(request, row)
    try:
        if "drop" in request.POST:
            services.drop(batch=row, by=person(request))
        else:
            services.ask_again(batch=row, by=person(request))
    except ValidationError as error:
        return _page(request, row, error.messages)
    return redirect(row)


def _page(request: HttpRequest, row: Batch, errors: list[str] | None = None) -> HttpResponse:
    page: BatchPage = batch_page(str(row.uuid))
    context = {"page": page, "asked": asked_of(row), "errors": errors}
    return render(request, "batches/ask.html", context, status=400 if errors else 200)


def _for_ops(request: HttpRequest, uuid: UUID) -> Batch:
    """That it exists is no secret, so who may not do this is told so."""
    if not is_ops(request.user):
        raise PermissionDenied
    row = Batch.objects.filter(uuid=uuid).first()
    if row is None:
        raise Http404
    return row
