"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("dashboard.pages")),
    path("approvals/", include("approvals.urls")),
    path("audit/", include("audit.urls")),
    path("admin/", admin.site.urls),
]
