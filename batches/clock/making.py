"""The pages on which a schedule is made, out of the form that starts a batch."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from batches.clock import names, services
from batches.clock.forms import ClockForm
from batches.clock.services import Click
from batches.models import Kind, Schedule
from batches.starting import views as starting
from batches.starting.forms import StartForm
from batches.starting.origins import Origin, origin_of
from batches.starting.seeing import Seen, see
from batches.starting.views import for_ops as ops_only
from worker.datasets.references import BadSource, path_named

NOT_CARRIED = ("csrfmiddlewaretoken", "by_clock", "look", "save")


@never_cache
@ops_only
def new(request: HttpRequest) -> HttpResponse:
    """Comes from the form of a batch, with all that was typed there; that is carried on unseen."""
    try:
        origin = origin_of(request.GET.dict(), person(request))
        if origin is None or request.method != "POST":
            return redirect(f"{reverse('batches:new')}?{request.GET.urlencode()}")
        if origin.reference is None:
            raise BadSource(only_a_file())
        if origin.kind == Kind.MAPREDUCE:
            raise BadSource(_("By the clock only jobs are run over a file, not a map and a reduce. Choose it again."))
        return _new(request, origin, see(origin, request.POST.get("item_key", "")))
    except BadSource as error:
        return starting.choices_page(request, 400, wrong={"all": str(error)})


def _new(request: HttpRequest, origin: Origin, seen: Seen) -> HttpResponse:
    start = starting.form_for(seen, data=request.POST.dict())
    if not start.is_valid():
        start.focus_on_what_is_wrong()
        return starting.order_page(request, origin, seen, start, 400, judged=True)
    if "save" not in request.POST and "look" not in request.POST:
        return _page(request, origin, start, _fresh(origin, start))
    form = ClockForm(request.POST, upload=origin.upload is not None)
    if not form.is_valid() or "look" in request.POST:
        return _page(request, origin, start, form, 200 if "look" in request.POST else 400)
    try:
        row = _create(request, origin, seen, start)
    except ValidationError as error:
        form.refuse(error)
        return _page(request, origin, start, form, 400)
    return redirect(f"{row.get_absolute_url()}?receipt={start.cleaned_data['form_id']}")


def _create(request: HttpRequest, origin: Origin, seen: Seen, start: StartForm) -> Schedule:
    form = ClockForm(request.POST, upload=origin.upload is not None)
    form.is_valid()
    return services.create(
        given=form.cleaned_data,
        spec=start.spec,
        format=str(seen.source["format"]),
        upload=origin.upload,
        file=None if origin.upload else path_of(origin),
        click=Click(person(request), str(start.cleaned_data["form_id"])),
    )


def _fresh(origin: Origin, start: StartForm) -> ClockForm:
    initial = {"title": start.cleaned_data["title"], **named_as(origin)}
    return ClockForm(initial=initial, upload=origin.upload is not None)


def named_as(origin: Origin) -> dict[str, str]:
    """Its file's name, to put signs for the date into."""
    found = None if origin.upload else names.apart(path_of(origin))
    return {"pattern": found[1].replace("%", "%%") if found else "", "days_before": "0"}


def only_a_file() -> str:
    return _("Only a file can be run by the clock: each run reads it anew. Choose one below.")


def path_of(origin: Origin) -> Path:
    assert origin.reference is not None
    return path_named(origin.reference.uri)


def _page(request: HttpRequest, origin: Origin, start: StartForm, form: ClockForm, status: int = 200) -> HttpResponse:
    carried = [(name, value) for name, value in request.POST.items() if not _is_own(name)]
    context = {"origin": origin, "start": start, "form": form, "carried": carried, "judged": form.is_bound}
    return render(request, "batches/schedules/new.html", context, status=status)


def _is_own(name: str) -> bool:
    return name in NOT_CARRIED or name.startswith("clock-")


@require_safe
@never_cache
@ops_only
def preview(request: HttpRequest) -> HttpResponse:
    """What it comes to, for the form while it is filled in."""
    form = ClockForm(request.GET, upload="upload" in request.GET)
    form.is_valid()
    return render(request, "batches/schedules/_preview.html", {"form": form})
