"""What a circuit's entity is begun with, where none runs: its settings, and what it knew when it was last heard of."""

import logging
import time
from typing import Any

from circuits.models import Circuit, Service, ServiceVersion
from circuits.versions import order_id_of
from worker.circuit_contract import read_state
from worker.resilience.versioned import UnreadableState

log = logging.getLogger(__name__)

ENTITY = "CircuitBreakerWorkflow"


def arguments(service: str) -> list[Any]:
    """[name, settings or None, state or None] for ``client.signal_with_start``; one that runs never reads them."""
    registered = Service.objects.filter(name=service).first()
    return [service, settings_of(registered) if registered else None, kept_of(service)]


def settings_of(service: Service) -> dict[str, Any]:
    """What its entity is told, with who saved it and why."""
    saved = ServiceVersion.objects.filter(service=service.name, version=service.config_version).first()
    if saved is None:
        return service.settings
    about = {"actor": saved.by, "reason": saved.reason, "order_id": order_id_of(saved.version)}
    return {**service.settings, **about}


def kept_of(service: str) -> Any:
    """The kept state, if an entity would take it: one that it refuses would end it at once, and what it was told."""
    kept = Circuit.objects.filter(service=service).values_list("kept", flat=True).first()
    if kept is None:
        return None
    try:
        read_state(kept, time.time())
    except UnreadableState as error:
        log.warning("The circuit %s begins anew, without what it knew: %s", service, error)
        return None
    return kept
