"""The page of the ledger."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit import queries, verify

FILTERS = ("stream", "kind", "actor")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    _auditor_or_404(request)
    wanted = {name: request.GET.get(name, "").replace("\x00", "").strip() for name in FILTERS}
    before = _number(request.GET.get("before", ""))
    lines, older = queries.entries(**wanted, before=before)
    context = {
        "lines": lines,
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "before": before,
        "older": _link(wanted, lines[-1].entry.pk) if older else "",
        "newest": _link(wanted) if before else "",
        "kinds": queries.kinds(),
        "broken": verify.stream(wanted["stream"]) if wanted["stream"] and lines else None,
    }
    return render(request, "audit/index.html", context)


def _auditor_or_404(request: HttpRequest) -> None:
    """To anybody else there is no such page."""
    if not queries.may_read(request.user):
        raise Http404


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _link(wanted: dict[str, str], before: int | None = None) -> str:
    query = {name: value for name, value in {**wanted, "before": before}.items() if value}
    return f"?{urlencode(query)}"
