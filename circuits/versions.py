"""What each version of a service said: a row for each, never changed; it stays when the service is removed."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from worker.resilience.circuit_state import CircuitConfig, CircuitState, Event


class ServiceVersion(models.Model):
    """A service as somebody saved it. By name: who set what stays known, whatever becomes of the service."""

    service = models.CharField(_("service"), max_length=50)
    version = models.PositiveBigIntegerField(_("version"))
    at = models.DateTimeField(_("from"))
    by = models.CharField(_("by"), max_length=200)
    reason = models.TextField(_("why"), blank=True)
    snapshot = models.JSONField(_("what it said"), default=dict)

    class Meta:
        app_label = "circuits"
        constraints = [models.UniqueConstraint(fields=["service", "version"], name="one_row_per_service_version")]
        ordering = ["-version"]
        verbose_name = _("version of a service")
        verbose_name_plural = _("versions of services")

    def __str__(self) -> str:
        return f"{self.service} {self.version}"


SETTINGS = tuple(name for name in CircuitConfig.__dataclass_fields__ if not name.startswith("run_"))
"""What of a service its circuit goes by."""
BUDGET = ("budget_calls", "budget_seconds")
"""What of a service batches go by."""


def snapshot_of(service: Any, rungs: Any) -> dict[str, Any]:
    """All that was saved of a service, as plain JSON."""
    return {
        **{name: getattr(service, name) for name in ("title", "base_url", *SETTINGS, *BUDGET)},
        "rungs": [
            {
                "position": rung.position,
                "name": rung.name,
                "timeout_seconds": rung.timeout_seconds,
                "attempts": rung.attempts,
                "pause_seconds": rung.pause_seconds,
                "circuit": rung.circuit.name if rung.circuit else None,
            }
            for rung in rungs
        ],
    }


def order_id_of(version: int) -> str:
    """Under which id an entity is told of a version."""
    return f"version-{version}"


def proving(row: Any, event: Event, state: CircuitState) -> ServiceVersion | None:
    """The version that an entity says it took: it counts once, when the circuit's version rises to it."""
    if event.kind != "configured" or not event.actor or not event.order.startswith(order_id_of(0)[:-1]):
        return None
    saved = ServiceVersion.objects.filter(service=row.service, by=event.actor, reason=event.reason)
    new = saved.filter(version__gt=row.config_version, version__lte=state.config_version)
    return next((kept for kept in new if order_id_of(kept.version) == event.order and _is_so(kept, state)), None)


def _is_so(kept: ServiceVersion, state: CircuitState) -> bool:
    """The last one has to be what the circuit is set to now, or will be when settings end that were made for a time."""
    config = state.lasting_config or state.config
    last = kept.version == state.config_version
    return not last or all(kept.snapshot.get(name) == getattr(config, name) for name in SETTINGS)
