"""The pages on which a schedule is changed: the two forms that it was made with, as it is now, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.people import person
from batches.clock import asked, making, services
from batches.clock.differing import Difference, differing, in_words, whole
from batches.clock.forms import ClockForm, ScheduleOrderForm
from batches.clock.page import SchedulePage
from batches.clock.running import reference_at
from batches.clock.services import Click, Over
from batches.clock.views import for_ops
from batches.models import Schedule
from batches.starting import views as starting
from batches.starting.filled import filled
from batches.starting.forms import StartForm
from batches.starting.origins import Origin, origin_of
from batches.starting.seeing import Seen, see
from live.once import read_once
from worker import registry
from worker.datasets.references import BadSource

CLICK = ("action", "order_id", "shown", "reason")
CLOCK = "clock-"
LAST = 3
"""Runs whose file may show what the next one's will be like."""


@dataclass(frozen=True)
class Work:
    """What is done with which items, as it is filled in. ``origin.query`` is empty where the items stay its own."""

    origin: Origin
    seen: Seen
    form: StartForm

    @property
    def over(self) -> Over | None:
        if not self.origin.query:
            return None
        upload = self.origin.upload
        return Over(str(self.seen.source["format"]), upload, None if upload else making.path_of(self.origin))


def work_of(request: HttpRequest, row: Schedule, typed: QueryDict) -> Work:
    """Of what was typed there, else as the schedule is. Raises BadSource of other items."""
    begun = _begun(row)
    key = typed.get("item_key", begun.get("item_key", ""))
    origin = origin_of(request.GET.dict(), person(request))
    if origin and origin.reference is None:
        raise BadSource(making.only_a_file())
    origin, seen = (origin, see(origin, key)) if origin else _own(row, key)
    form = starting.form_for(seen, **({"data": typed.dict()} if "form_id" in typed else {"initial": begun}))
    return Work(origin, seen, form)


def _begun(row: Schedule) -> dict[str, str]:
    """An argument that was left out is not filled in: it follows its job's default."""
    job = registry.jobs.find(str(row.spec.get("job")))
    empty = {f"arg-{job.name}-{one.name}": "" for one in job.parameters} if job else {}
    return {**empty, **filled(whole(row.spec)), "title": row.title}


def _own(row: Schedule, key: str) -> tuple[Origin, Seen]:
    """Its own file, as far as one is there to be looked at: that of a last run, or of the next."""
    for reference, name in _examples(row):
        origin = Origin({}, name, {}, reference, row.upload)
        try:
            return origin, see(origin, key)
        except BadSource:
            continue
    source = {"uri": "file:///not-there", "format": row.format}
    return Origin({}, row.upload.name if row.upload else row.pattern, {}), Seen(source, (), (), (), 0, whole=False)


def _examples(row: Schedule) -> list[Any]:
    ran = row.runs.exclude(batch=None).order_by("-at").values_list("at", flat=True)[:LAST]
    ahead = [each.at for each in SchedulePage(row, timezone.now()).next[:1]]
    return [reference_at(row, at) for at in [*ran, *ahead]]


# --- the first page: what is done, over which items -------------------------------------------------------------


@never_cache
@read_once
def work(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Nothing is changed by it: it leads to the second one."""
    found = for_ops(request, uuid)
    if found.row.deleted_at:
        return redirect(found.row)
    try:
        given = work_of(request, found.row, request.POST)
    except BadSource as error:
        return _choices(request, found, 400, wrong={"all": str(error)})
    return _work_page(request, found, given)


def _work_page(request: HttpRequest, found: SchedulePage, given: Work, status: int = 200, **more: Any) -> HttpResponse:
    click = {"shown": str(found.row.version)} if request.method != "POST" else {}
    own = [(name, value) for name, value in _all(request.POST) if name in CLICK or name.startswith(CLOCK)]
    context = {"page": found, "origin": given.origin, "seen": given.seen, "form": given.form, **more}
    context |= {"carried": [*click.items(), *own], "others": reverse("batches:schedule-source", args=[found.row.uuid])}
    context |= starting.comes_to(given.seen, given.form)
    return render(request, "batches/schedules/work.html", context, status=status)


@csrf_exempt  # as where a batch is started: compared once it is settled where the file goes
@never_cache
def source(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Other items: chosen as for a new batch."""
    found = for_ops(request, uuid)
    if found.row.deleted_at:
        return redirect(found.row)
    return starting.taken(request, **_about(found)) if request.method == "POST" else _choices(request, found)


def _choices(request: HttpRequest, found: SchedulePage, status: int = 200, **more: Any) -> HttpResponse:
    return starting.choices_page(request, status, **_about(found), **more)


def _about(found: SchedulePage) -> dict[str, Any]:
    at = [found.row.uuid]
    to, send = reverse("batches:schedule-work", args=at), reverse("batches:schedule-source", args=at)
    return {"page": found, "to": to, "send": send}


@require_safe
@never_cache
def sums(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What it comes to, for the first form while it is filled in."""
    found = for_ops(request, uuid)
    try:
        given = work_of(request, found.row, request.GET)
    except BadSource as error:
        return render(request, "batches/_sum.html", {"wrong": str(error)})
    context = {"seen": given.seen, "form": given.form, **starting.comes_to(given.seen, given.form)}
    return render(request, "batches/_sum.html", context)


# --- the second page: when, by which rules; and what differs ----------------------------------------------------


@never_cache
def change(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Comes from the page of the schedule, or from the first one with all that was typed there, which is carried on."""
    found = for_ops(request, uuid)
    if found.row.deleted_at:
        return redirect(found.row)
    try:
        given = work_of(request, found.row, request.POST) if "form_id" in request.POST else None
    except BadSource as error:
        return _choices(request, found, 400, wrong={"all": str(error)})
    if given and not given.form.is_valid():
        given.form.focus_on_what_is_wrong()
        return _work_page(request, found, given, 400, judged=True)
    form = _clock_form(found.row, given, request.POST)
    fresh = {"action": "change", "order_id": str(uuid4()), "shown": str(found.row.version)}
    if request.method != "POST":
        return _page(request, found, given, form, ScheduleOrderForm(initial=fresh))
    passed = "by_clock" in request.POST
    click = ScheduleOrderForm({**(fresh if passed else {}), **request.POST.dict()})
    if passed or "look" in request.POST or not (form.is_valid() and click.is_valid()):
        return _page(request, found, given, form, click, 200 if passed or "look" in request.POST else 400)
    return _changed(request, found, given, form, click)


def _clock_form(row: Schedule, given: Work | None, typed: QueryDict) -> ClockForm:
    upload = given.over.upload if given and given.over else row.upload
    if f"{CLOCK}kind" in typed:
        return ClockForm(typed, upload=upload is not None)
    other = making.named_as(given.origin) if given and given.over else {}
    return ClockForm(initial={**asked.typed(row), **other}, upload=upload is not None)


def _changed(request: HttpRequest, found: Any, given: Work | None, form: ClockForm, click: Any) -> HttpResponse:
    """What is wrong stands beside its field; what was overtaken is said, and may be sent again in view of that."""
    data = click.cleaned_data
    who = Click(person(request), data["order_id"], data["shown"])
    try:
        made = services.change(
            schedule=found.row, given=form.cleaned_data, reason=data["reason"], click=who, **_ordered(given)
        )  # fmt: skip
    except ValidationError as error:
        form.refuse(error)
        found.row.refresh_from_db()
        fresh = {"order_id": str(uuid4()), "shown": str(found.row.version)}
        return _page(request, found, given, form, ScheduleOrderForm({**click.typed_again, **fresh}), 400)
    return redirect(f"{found.row.get_absolute_url()}?receipt={made.order_id}")


def _ordered(given: Work | None) -> dict[str, Any]:
    return {"spec": given.form.spec, "over": given.over} if given else {}


def _page(
    request: HttpRequest, found: SchedulePage, given: Work | None, form: ClockForm, click: Any, status: int = 200
) -> HttpResponse:
    carried = [(name, value) for name, value in _all(request.POST) if given and not _is_own(name)]
    query = given.origin.address if given else ""
    context = {"page": found, "work": given, "form": form, "click": click, "carried": carried, "query": query}
    judged = form.is_bound and "by_clock" not in request.POST
    context |= {"judged": judged, "changing": True, "differs": _differs(request, found.row, given, form)}
    return render(request, "batches/schedules/change.html", context, status=status)


def _is_own(name: str) -> bool:
    return name in (*making.NOT_CARRIED, *CLICK) or name.startswith(CLOCK)


def _all(typed: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in typed.lists() for value in values]


def _differs(request: HttpRequest, row: Schedule, given: Work | None, form: ClockForm) -> list[Difference] | None:
    """From what it is now; None where the form makes no sense yet."""
    facts: Mapping[str, Any] | None = form.meant
    if facts is None or (given and not given.form.is_valid()):
        return None
    try:
        after = services.as_changed(facts, person(request), **_ordered(given))
    except ValidationError:
        return None
    return list(in_words(differing(row, after)))


@require_safe
@never_cache
def preview(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What it comes to and what differs, for the second form while it is filled in."""
    found = for_ops(request, uuid)
    try:
        given = work_of(request, found.row, request.GET) if "form_id" in request.GET else None
    except BadSource:
        given = None
    form = _clock_form(found.row, given, request.GET)
    context = {"form": form, "differs": _differs(request, found.row, given, form), "changing": True}
    return render(request, "batches/schedules/_preview.html", context)
