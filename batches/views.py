"""The list of batches: everybody signed in reads."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from batches import asking
from circuits.access import is_ops
from live.once import read_once


@require_safe
@never_cache
@read_once
def index(request: HttpRequest) -> HttpResponse:
    asked = asking.read(request.GET)
    return render(request, "batches/index.html", {"asked": asked, "ops": is_ops(request.user)})
