"""The site's own addresses, and its static files, which no test collects."""

import mimetypes
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.urls import path

from dashboard.urls import urlpatterns as of_the_site


@login_not_required
def static(request, path):
    return HttpResponse(Path(finders.find(path)).read_bytes(), content_type=mimetypes.guess_type(path)[0])


urlpatterns = [path("static/<path:path>", static), *of_the_site]
