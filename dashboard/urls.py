"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

admin.site.site_title = admin.site.site_header = "Leitstand"
admin.site.index_title = _("People, levels and policies")

urlpatterns = [
    path("", include("dashboard.pages")),
    path("accounts/", include("accounts.urls")),
    path("approvals/", include("approvals.urls")),
    path("batches/", include("batches.urls")),
    path("circuits/", include("circuits.urls")),
    path("limits/", include("circuits.limits.urls")),
    path("audit/", include("audit.urls")),
    path("admin/", admin.site.urls),
]
