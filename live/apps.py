"""Starts the live app: finds every app's regions, takes the workers' beats, drops grants when people change."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class LiveConfig(AppConfig):
    name = "live"
    verbose_name = _("Live pages")

    def ready(self) -> None:
        from live import counting, services, signals
        from worker import registry

        autodiscover_modules("regions")
        registry.handler("live.beat", services.beat)
        registry.handler("live.count", counting.count_all)
        registry.housekeeping("live.fold_counts", counting.fold)
        signals.connect()
