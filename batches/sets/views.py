"""The pages of data sets: everybody signed in reads, ops start and cancel. Fetch with permission, act, render."""

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals.views import signed_in
from batches.sets import services
from batches.sets.forms import DataSetForm
from batches.sets.page import SetPage
from batches.sets.regions import remembered
from batches.starting import places
from circuits.access import is_ops
from live.once import read_once
from worker.chunks import folders
from worker.datasets.references import address_of


@require_safe
@never_cache
@read_once
def index(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    key = before if before.isascii() and before.isdecimal() and len(before) < 18 else ""
    return render(request, "batches/sets/index.html", {"ops": is_ops(request.user), "key": key})


@require_safe
@never_cache
@read_once
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return render(request, "batches/sets/set.html", {"page": _found(uuid)})


@never_cache
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    if not is_ops(request.user):
        raise PermissionDenied(_("Only operators may start a data set."))
    if request.method != "POST":
        return _form_page(request, DataSetForm())
    form = DataSetForm(request.POST.dict())
    if not form.is_valid():
        return _form_page(request, form)
    try:
        row = services.begin(spec=form.spec, by=person(request), uuid=form.cleaned_data["form_id"])
    except ValidationError as error:
        form.refuse(error)
        return _form_page(request, form)
    return redirect(row)


def _form_page(request: HttpRequest, form: DataSetForm) -> HttpResponse:
    """With the files that could be loaded, to choose from."""
    form.focus_on_what_is_wrong()
    files = [
        (address_of(path.joinpath(place.name)), place.name)
        for path, folder in zip(folders.readable(), places.listed(), strict=True)
        for place in folder.files
    ]
    context = {"form": form, "judged": form.is_bound, "files": files}
    return render(request, "batches/sets/new.html", context, status=400 if form.is_bound else 200)


@never_cache
@signed_in
def cancel(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET: the question whether it is meant. POST: it is done. Of one that has ended, or is being ended, nothing."""
    if not is_ops(request.user):
        raise PermissionDenied(_("Only operators may cancel a data set."))
    found = _found(uuid)
    if found.row.closed_at or found.row.cancel_at:
        return redirect(found.row)
    typed, wrong = request.POST.get("reason", ""), ""
    if request.method == "POST":
        try:
            services.cancel(row=found.row, reason=typed, by=person(request))
            return redirect(found.row)
        except ValidationError as error:
            wrong = " ".join(error.messages)
    context = {"page": found, "typed": typed, "wrong": wrong}
    return render(request, "batches/sets/cancel.html", context, status=400 if wrong else 200)


def _found(uuid: UUID) -> SetPage:
    found = remembered(str(uuid))
    if found is None:
        raise Http404
    return found
