"""Circuits: one breaker per service for everybody."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CircuitsConfig(AppConfig):
    name = "circuits"
    verbose_name = _("Circuits")

    def ready(self) -> None:
        """What the worker calls is registered here."""
        from circuits import episodes, notices, pruning, recording
        from worker import registry

        notices.connect()
        registry.handler("circuits.record_circuit", recording.record_circuit)
        registry.housekeeping("circuits.tell_due", episodes.tell_due)
        registry.housekeeping("circuits.prune", pruning.prune)
