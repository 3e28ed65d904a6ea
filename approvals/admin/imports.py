"""The pages of the import: choose a file, read an answer for each line, confirm."""

import csv
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.people import person
from approvals import importing, stranded
from approvals.admin.saving import WouldStrand, refuse_new, stuck_at
from approvals.importing import CHANGED, NEW, SAME, WRONG, Preview
from audit.exports import cell
from live.writes import write

BIGGEST = 5 * 1024 * 1024
LONGEST_KEPT = 1_800_000
"""The file is kept in the page itself until it is confirmed, packed and signed: a form takes 2 MB."""
SALT, FOR = "approvals.import", 3_600
SHOWN_WRONG, SHOWN_RIGHT = 500, 100


def import_view(of: "admin.ModelAdmin[Any]", request: HttpRequest) -> HttpResponse:
    if not (of.has_add_permission(request) and of.has_change_permission(request)):
        raise PermissionDenied
    if "kept" in request.POST:
        return _confirmed(of, request)
    if request.method == "POST":
        return _uploaded(of, request)
    return _page(of, request)


def _uploaded(of: "admin.ModelAdmin[Any]", request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        return _page(of, request, problem=_("Choose a file first."))
    if (file.size or 0) > BIGGEST:
        return _page(of, request, problem=_("The file is larger than 5 MB. Split it."))
    text = importing.text_of(file.read())
    seen = importing.preview(text)
    if seen.problem:
        return _page(of, request, problem=seen.problem)
    return _preview(of, request, text, seen)


def _preview(
    of: "admin.ModelAdmin[Any]", request: HttpRequest, text: str, seen: Preview, refused: WouldStrand | None = None
) -> HttpResponse:
    kept = signing.dumps({"by": person(request).pk, "text": text}, salt=SALT, compress=True)
    if len(kept) > LONGEST_KEPT:
        return _page(of, request, problem=_("That is too much for one import. Split the file."))
    wrong, right = seen.of(WRONG), seen.of(NEW, CHANGED, SAME)
    return _page(
        of,
        request,
        kept=kept,
        counts=seen.counts,
        ready=seen.counts[NEW] + seen.counts[CHANGED],
        wrong=wrong[:SHOWN_WRONG],
        more_wrong=max(0, len(wrong) - SHOWN_WRONG),
        right=right[:SHOWN_RIGHT],
        more_right=max(0, len(right) - SHOWN_RIGHT),
        stranded=stranded.shown(refused.found) if refused else [],
        number=len(refused.found) if refused else 0,
    )


def _confirmed(of: "admin.ModelAdmin[Any]", request: HttpRequest) -> HttpResponse:
    try:
        kept = signing.loads(request.POST["kept"], salt=SALT, max_age=FOR)
    except signing.BadSignature:
        kept = {}
    if kept.get("by") != person(request).pk:
        return _page(of, request, problem=_("That preview is older than an hour, or not yours. Choose the file again."))
    text = kept["text"]
    if "answers" in request.POST:
        return _answers(importing.preview(text))
    try:
        done = _carried_out(request, text)
    except WouldStrand as refused:
        return _preview(of, request, text, importing.preview(text), refused)
    said = _("Imported: %(new)d given, %(changed)d changed, %(same)d were so already, %(wrong)d left out.")
    messages.success(request, said % done.counts)
    return HttpResponseRedirect(reverse("admin:approvals_levelholder_changelist"))


def _carried_out(request: HttpRequest, text: str) -> Preview:
    moments = _moments(importing.preview(text))
    with write(), transaction.atomic():
        before = set() if "strand" in request.POST else stuck_at(moments)
        done = importing.carry_out(text, by=person(request))
        if "strand" not in request.POST:
            refuse_new(before, moments)
    return done


def _moments(seen: Preview) -> list[datetime | None]:
    """Now, and the days after the first three ends that a change brings."""
    today = timezone.localdate()
    ends = {line.holder.valid_until for line in seen.of(CHANGED) if line.holder and line.holder.valid_until}
    coming = sorted(end for end in ends if today <= end and end.year < 9_000)[:3]
    return [None, *(timezone.make_aware(datetime.combine(end + timedelta(days=1), time(12))) for end in coming)]


def _answers(seen: Preview) -> HttpResponse:
    """An answer for each line, as a file."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="answers.csv"'
    out = csv.writer(response)
    out.writerow(["line", "username", "level", "result", "answer"])
    for line in seen.lines:
        shown = (line.cells.get("username", ""), line.cells.get("level", ""), line.state, line.answer)
        out.writerow([line.number, *map(cell, shown)])
    return response


def _page(of: "admin.ModelAdmin[Any]", request: HttpRequest, **more: Any) -> HttpResponse:
    context = {
        **of.admin_site.each_context(request),
        "title": _("Import levels from CSV"),
        "opts": of.model._meta,
        "columns": ", ".join(importing.COLUMNS),
        **more,
    }
    status = 400 if more.get("problem") else 409 if more.get("stranded") else 200
    return TemplateResponse(request, "admin/approvals/levelholder/import.html", context, status=status)
