"""One page with one region and its form, for a real browser."""

from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.live.regions import text


def page(request):
    return render(request, "tests_live/page.html", {"version": text("red")})


def form(request):
    return render(request, "tests_live/form.html", {"version": text("red")})


@login_not_required
def static(request, path):
    return HttpResponse(Path(finders.find(path)).read_bytes(), content_type="text/javascript")


@login_not_required
def login(request):
    return HttpResponse("sign in here")


urlpatterns = [
    path("page/", page),
    path("form/", form),
    path("static/<path:path>", static),
    path("accounts/login/", login, name="login"),
]
