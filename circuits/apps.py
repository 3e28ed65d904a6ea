"""Circuits: one breaker per service for everybody."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CircuitsConfig(AppConfig):
    name = "circuits"
    verbose_name = _("Circuits")

    def ready(self) -> None:
        """What the worker calls is registered here."""
        from circuits import beginning, episodes, keeping, knowing, notices, pruning, recording, sending
        from circuits.limits import sending as limits
        from circuits.unread import looking, noting
        from worker import registry

        notices.connect()
        registry.handler("circuits.record_circuit", recording.record_circuit)
        registry.handler("circuits.known", knowing.known)
        registry.handler("circuits.beginning", beginning.arguments)
        registry.handler("circuits.note_unread", noting.note)
        registry.housekeeping("circuits.tell_due", episodes.tell_due)
        registry.housekeeping("circuits.send_unsettled", sending.send_unsettled)
        registry.housekeeping("circuits.send_limits", limits.send_unsettled)
        registry.housekeeping("circuits.keep_limits", limits.keep)
        registry.housekeeping("circuits.keep", keeping.keep)
        registry.housekeeping("circuits.prune", pruning.prune)
        registry.housekeeping("circuits.look_for_unread", looking.look)
