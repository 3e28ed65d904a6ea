"""The page of the ledger, and the ledger as a file."""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import checking, exports, filters, queries, verify
from audit.models import Entry


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    _auditor_or_404(request)
    return _page(request, filters.read(request.GET))


def _page(request: HttpRequest, wanted: filters.Wanted, status: int = 200) -> HttpResponse:
    before = _number(request.GET.get("before", ""))
    lines, older = queries.entries(wanted, before=before)
    streams = {line.entry.stream for line in lines}
    only = streams.pop() if wanted.given["stream"] and len(streams) == 1 else ""
    context: dict[str, Any] = {
        "lines": lines,
        "wanted": wanted.given,
        "since": wanted.since,
        "until": wanted.until,
        "problems": wanted.problems,
        "filtered": wanted.any,
        "before": before,
        "older": wanted.address(before=lines[-1].entry.pk) if older else "",
        "newest": wanted.address() if before else "",
        "query": wanted.address() if wanted.any else "",
        "kinds": queries.kinds(),
        "knowns": Entry.Known.choices,
        "stream": only,
        "about": lines[0].subject if only else None,
        "broken": verify.stream(only) if only else None,
        "check": checking.last_check(),
    }
    return render(request, "audit/index.html", context, status=status)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Everything that the filters find, not only the page."""
    _auditor_or_404(request)
    wanted = filters.read(request.GET)
    if wanted.problems:
        return _page(request, wanted, status=400)
    pieces = exports.texts(filters.found(wanted), kind)
    body = exports.streamed(pieces) if isinstance(request, ASGIRequest) else pieces
    name = f"ledger-{timezone.localtime():%Y-%m-%d-%H%M}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(body, content_type=exports.TYPES[kind], headers=headers)


def _auditor_or_404(request: HttpRequest) -> None:
    """To anybody else there is no such page."""
    if not queries.may_read(request.user):
        raise Http404


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
