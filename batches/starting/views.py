"""The pages that start a batch, for ops alone: which items, then how. Fetch with permission, act, render."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_safe

from accounts.people import person
from batches.models import Batch, Kind
from batches.release import limits
from batches.starting import choosing, mapreduce, places, services, uploads
from batches.starting.forms import StartForm
from batches.starting.mapreduce_form import MapReduceForm
from batches.starting.origins import Origin, origin_of
from batches.starting.receiving import Received
from batches.starting.seeing import Seen, see
from batches.starting.sums import sum_of, tree_of
from circuits.access import is_ops
from live.once import read_once
from worker.datasets.references import BadSource

View = Callable[..., HttpResponse]
Form = StartForm | MapReduceForm

PAGES = {Kind.BATCH: "batches/start.html", Kind.MAPREDUCE: "batches/start_mapreduce.html"}


def for_ops(view: View) -> View:
    """403 for others, before anything of theirs is read."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_ops(request.user):
            raise PermissionDenied(_("Only operators may start a batch."))
        return view(request, *args, **kwargs)

    return checked


# --- which items ---------------------------------------------------------------------------------------------------


@never_cache
@for_ops
def new(request: HttpRequest) -> HttpResponse:
    """Without anything chosen: what could be. Else the form for what is chosen."""
    try:
        origin = origin_of(request.GET.dict(), person(request))
        if origin is None:
            return choices_page(request)
        return _order(request, origin) if request.method == "POST" else _fresh(request, origin)
    except BadSource as error:
        return choices_page(request, 400, wrong={"all": str(error)})


def choices_page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    most = uploads.most()
    usual = {"to": reverse("batches:new"), "send": reverse("batches:source"), "kinds": choosing.KINDS}
    context = {**usual, "folders": places.listed(), "most": most, "most_mb": most // 1_000_000, **more}
    return render(request, "batches/new.html", context, status=status)


@csrf_exempt  # below: once it is settled where the file goes, which comes before the token is compared
@never_cache
@for_ops
def source(request: HttpRequest) -> HttpResponse:
    """A file, or lines that were typed: kept, looked at, and the form for it. Come back to, it is the first page."""
    return taken(request) if request.method == "POST" else redirect("batches:new")


def taken(request: HttpRequest, **about: Any) -> HttpResponse:
    """What was sent is kept. ``about``: of the page of choices, as ``to``, where it goes on. The token is compared
    below, so the view is exempt.
    """
    received = Received(uploads.folder(), uploads.most())
    request.upload_handlers = [received]
    try:
        answer: HttpResponse = _taken(request, received, about)
        return answer
    except RequestDataTooBig:
        return choices_page(request, 400, wrong={"typed": choosing.too_much_typed()}, **about)
    finally:
        received.discard()


@csrf_protect
def _taken(request: HttpRequest, received: Received, about: dict[str, Any]) -> HttpResponse:
    typed, as_what = request.POST.get("text", ""), request.POST.get("as", "")
    place = "typed" if "typed" in request.POST else "upload"
    try:
        upload = choosing.typed(typed, as_what, person(request)) if place == "typed" else None
        upload = upload or choosing.received(received, person(request))
    except BadSource as error:
        return choices_page(request, 400, wrong={place: str(error)}, typed=typed, as_what=as_what, **about)
    return _see(request, f"{about.get('to') or reverse('batches:new')}?{urlencode({'upload': upload.uuid})}")


def _see(request: HttpRequest, address: str) -> HttpResponse:
    """A script that has shown how the file went out goes there by itself."""
    if not request.accepts("text/html"):
        return JsonResponse({"location": address}, status=201)
    return redirect(address)


# --- how -----------------------------------------------------------------------------------------------------------


@read_once
def _fresh(request: HttpRequest, origin: Origin) -> HttpResponse:
    seen = see(origin, str(origin.initial.get("item_key", "")))
    form = _form(origin, seen, initial={**origin.initial, "seen": seen.mark})
    return order_page(request, origin, seen, form)


def _order(request: HttpRequest, origin: Origin) -> HttpResponse:
    seen = see(origin, request.POST.get("item_key", ""))
    form = _form(origin, seen, data=request.POST.dict())
    if "look" in request.POST:
        form.is_valid()
        return order_page(request, origin, seen, form)
    _compare(form, seen)
    if not form.is_valid():
        form.focus_on_what_is_wrong()
        return order_page(request, origin, seen, form, 400, judged=True)
    try:
        row = _begin(origin, form, person(request))
    except ValidationError as error:
        form.refuse(error)
        return order_page(request, origin, seen, form, 400, judged=True)
    return redirect(row)


def _begin(origin: Origin, form: Form, by: User) -> Batch:
    about: dict[str, Any] = {"upload": origin.upload, "follows": origin.follows}
    about |= {"by": by, "uuid": form.cleaned_data["form_id"]}
    if isinstance(form, MapReduceForm):
        return mapreduce.begin(source=form.source, call=form.call, **about)
    return services.begin(spec=form.spec, **about)


def _form(origin: Origin, seen: Seen, **more: Any) -> Form:
    if origin.kind == Kind.MAPREDUCE:
        return MapReduceForm(**more, **_over(seen))
    return form_for(seen, **more)


def form_for(seen: Seen, **more: Any) -> StartForm:
    return StartForm(**more, **_over(seen))


def _over(seen: Seen) -> dict[str, Any]:
    return {"source": seen.source, "columns": seen.look.columns if seen.look else ()}


def _compare(form: Form, seen: Seen) -> None:
    """What was looked at is what is started, and each item has a name of its own."""
    before = str(form.data.get("seen", "")).strip()
    if before and before != seen.mark:
        said = _(
            "The file is not the one any more that you had looked at. Below is what it holds now: look, then start."
        )
        form.add_error("seen", said)
        form.data = {**form.data, "seen": seen.mark}
    if seen.key_problem:
        form.add_error("item_key", seen.key_problem)


def order_page(
    request: HttpRequest, origin: Origin, seen: Seen, form: Form, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"origin": origin, "seen": seen, "form": form, **comes_to(seen, form), **more}
    return render(request, PAGES[origin.kind], context, status=status)


def comes_to(seen: Seen, form: Form) -> dict[str, Any]:
    """Of a form that nobody has sent yet: as if it were sent as it is."""
    sent = form if form.is_bound else type(form)(data=form.initial, source=form.source, columns=form.columns)
    sent.is_valid()
    if isinstance(sent, MapReduceForm):
        return {"sum": tree_of(seen.about, sent.call)}
    return {"sum": sum_of(seen.about, sent.spec), "front": limits.foreseen(sent.spec, seen.about)}


@require_safe
@never_cache
@for_ops
@read_once
def sums(request: HttpRequest) -> HttpResponse:
    """What it comes to, for the form while it is filled in."""
    try:
        origin = origin_of(request.GET.dict(), person(request))
        if origin is None:
            return HttpResponse(status=404)
        seen = see(origin, request.GET.get("item_key", ""))
    except BadSource as error:
        return render(request, "batches/_sum.html", {"wrong": str(error)})
    form = _form(origin, seen, data=request.GET.dict())
    return render(request, "batches/_sum.html", {"seen": seen, "form": form, **comes_to(seen, form)})
