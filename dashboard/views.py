"""The pages of the shell that need a person: home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from approvals.once import read_once


@require_safe
@never_cache
@read_once
def home(request: HttpRequest) -> HttpResponse:
    """Its two regions read for themselves, for the first paint and for the stream alike."""
    return render(request, "dashboard/home.html")
