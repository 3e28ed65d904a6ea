"""The site, made known below: what is written to the ledger is counted, and the demo has its panel and its traffic."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = _("Site")

    def ready(self) -> None:
        from audit import services
        from circuits import panels
        from dashboard.counters import count_entry
        from dashboard.demo import panel, traffic
        from worker import registry

        services.witness(count_entry)
        panels.register("demo", panel.TEMPLATE, panel.read)
        if settings.DEMO:
            registry.housekeeping("dashboard.demo_traffic", traffic.keep)
