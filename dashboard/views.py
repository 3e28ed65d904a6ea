"""The pages of the shell that need a person: home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.home import home_for


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/home.html", {**home_for(request.user)})
