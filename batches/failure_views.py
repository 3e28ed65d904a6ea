"""The pages of failed items, of one item, and the files. Everybody signed in reads."""

from uuid import UUID

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.exports import TYPES, streamed
from batches import exports, finding, groups, mapped, not_run, searching
from batches.models import Batch, Kind, State
from batches.retrying import offers
from batches.told import Told, told
from batches.under_way import uncounted
from circuits.access import is_ops
from live.once import read_once
from worker.reading import printable

MOST_GROUPS = 50
PLAIN = "text/plain; charset=utf-8"
LONGEST = 200
"""Characters that are searched for."""


@require_safe
@never_cache
@read_once
def failures(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found = _told(uuid)
    wanted = _text(request, "group")
    group = groups.group_of(found.row, wanted)
    if wanted and group is None:
        raise Http404
    known = groups.groups_of(found.row, MOST_GROUPS)
    offered = offers(groups.only(group) if group else known, found, ops=is_ops(request.user))
    words, after = _text(request, "q"), _number(request.GET.get("after", ""))
    context = {
        "told": found,
        "batch": found.row,
        "groups": known,
        "inside": uncounted(found, known.failures),
        "offers": offered,
        "group": group,
        "words": words,
        "after": after,
        "page": searching.page_of(found.row, group=wanted, words=words, after=-1 if after is None else after),
    }
    return render(request, "batches/failures.html", context)


@require_safe
@never_cache
@read_once
def item(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One item by its key; without one, the question for it."""
    found = _told(uuid)
    key = _text(request, "key")
    known = finding.find(found, key) if key else None
    context = {"told": found, "batch": found.row, "key": key, "item": known}
    return render(request, "batches/item.html", context, status=404 if key and known is None else 200)


@require_safe
def export(request: HttpRequest, uuid: UUID, what: str, form: str) -> HttpResponseBase:
    row = get_object_or_404(Batch, uuid=uuid)
    if what not in exports.COLUMNS or form not in exports.FORMS:
        raise Http404
    if what == exports.RESULTS and (problem := finding.gone(row) or exports.unreadable(row)):
        return HttpResponse(problem, content_type=PLAIN, status=410 if row.cleared_at else 503)
    if what == exports.GROUPS and not row.item_groups.exists():
        raise Http404
    pieces = exports.texts(row, what, form, _text(request, "group"))
    return _file(request, pieces, exports.name_of(row, what, form), form)


@require_safe
def never_run(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Of one that has ended: the items as they came, so that they can be run as a new batch."""
    row = get_object_or_404(Batch, uuid=uuid, closed_at__isnull=False)
    if problem := finding.gone(row) or not_run.wrong(row):
        return HttpResponse(problem, content_type=PLAIN, status=410 if row.cleared_at else 503)
    return _file(request, not_run.lines(row), exports.name_of(row, "not-run", "jsonl"), "jsonl")


@require_safe
def result(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Of a MapReduce that has completed: what its reduce returned."""
    row = get_object_or_404(Batch, uuid=uuid, kind=Kind.MAPREDUCE, state=State.COMPLETED)
    path = mapped.result_of(row)
    if problem := finding.gone(row) or ("" if path.exists() else _("The folder of the batch is not there any more.")):
        return HttpResponse(problem, content_type=PLAIN, status=410)
    return _file(request, mapped.text_of(path), exports.name_of(row, "result", "json"), "json")


def _file(request: HttpRequest, pieces: exports.Pieces, name: str, form: str) -> HttpResponseBase:
    body = streamed(pieces) if isinstance(request, ASGIRequest) else pieces
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(body, content_type=TYPES.get(form, "application/json"), headers=headers)


def _told(uuid: UUID) -> Told:
    found = told(uuid)
    if found is None:
        raise Http404
    return found


def _text(request: HttpRequest, name: str) -> str:
    """As far as a database takes it."""
    return printable(request.GET.get(name, "")).strip()[:LONGEST]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
