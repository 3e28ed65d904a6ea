"""The site, made known to the ledger: what is written there is counted with it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = _("Site")

    def ready(self) -> None:
        from audit import services
        from dashboard.counters import count_entry

        services.witness(count_entry)
