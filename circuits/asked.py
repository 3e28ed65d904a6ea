"""What people may order of a circuit, read strictly: each refusal is a sentence beside the field that it is about."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from circuits.models import Circuit, Order, Service
from circuits.told import one_told
from worker.circuit_contract import MAX_REASON, MAX_SEQ, read_settings
from worker.reading import printable
from worker.resilience.circuit_state import CircuitConfig

MIN_SECONDS, MAX_SECONDS = 60.0, 7 * 86_400.0
"""How long an order may last."""
A = Order.Action
LASTING = (A.FORCE_OPEN, A.DISABLE, A.OBSERVE, A.CONFIGURE)
"""What is set for a time; the others are done once."""
THRESHOLDS = {each.name for each in fields(CircuitConfig)}


@dataclass(frozen=True)
class Asked:
    """An order as it was typed, found to be sound."""

    service: str
    action: Order.Action
    reason: str
    seconds: float | None
    config: dict[str, Any] | None
    given: dict[str, Any]
    """The thresholds that were named; ``config`` has those in force for the others."""
    shown: int | None


def read(*, service: str, action: str, reason: str, seconds: Any, config: Any, shown: Any) -> Asked:
    """The order; raises ValidationError with the sentences by field.

    A circuit that has begun within this minute is known to Temporal alone, which is asked last.
    """
    circuit, registered = _known(service)
    clean, lasting = printable(reason).strip(), action in LASTING
    in_force = _in_force(circuit, registered)
    whole, given, complaints = _thresholds(config, in_force) if action == A.CONFIGURE else (None, {}, [])
    wrong = {
        "service": [] if circuit or registered or one_told(service) else [_unknown(service)],
        "action": [] if action in A.values else [_("This is nothing that can be ordered of a circuit.")],
        "reason": [wrong_reason(clean)],
        "seconds": [_wrong_seconds(seconds)] if lasting else [],
        "config": complaints,
    }
    if errors := {field: said for field, sentences in wrong.items() if (said := [one for one in sentences if one])}:
        raise ValidationError(errors)
    return Asked(service, A(action), clean, float(seconds) if lasting else None, whole, given, _seen(shown, circuit))


def _known(service: str) -> tuple[Circuit | None, Service | None]:
    if printable(service) != service:  # no database takes it
        return None, None
    return Circuit.objects.filter(service=service).first(), Service.objects.filter(name=service).first()


def _unknown(service: str) -> str:
    said = _("There is no service “%(service)s”: it is not registered, and nobody has reported on it.")
    return said % {"service": printable(service[:80])}


def wrong_reason(reason: str) -> str:
    """A sentence; "" where it is one."""
    if not reason:
        return _("Say why: whoever looks next has to know.")
    if len(reason) > MAX_REASON:
        most = _("The reason has %(number)d characters; at most %(most)d are kept.")
        return most % {"number": len(reason), "most": MAX_REASON}
    return ""


def _wrong_seconds(seconds: Any) -> str:
    if seconds is None:
        return _("Say for how long: it ends by itself then.")
    number = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else math.nan
    if not MIN_SECONDS <= number <= MAX_SECONDS:
        return _("It can be set for at least a minute and at most seven days.")
    return ""


def _thresholds(config: Any, in_force: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any], list[str]]:
    """All of them, those that were named, and what is wrong with them. What is not named stays as it is in force."""
    if not isinstance(config, Mapping) or not config:
        return None, {}, [_("Say which thresholds.")]
    odd = sorted(printable(str(name)[:80]) for name in config if name not in THRESHOLDS)
    complaints = [_("There is no threshold “%(name)s”.") % {"name": name} for name in odd[:5]]
    given = {name: value for name, value in config.items() if name in THRESHOLDS}
    settings = read_settings(in_force | given)
    return (asdict(settings.config) if settings.config else None), given, [*complaints, *settings.errors]


def _in_force(circuit: Circuit | None, registered: Service | None) -> dict[str, Any]:
    if circuit:
        return {name: value for name, value in circuit.config.items() if name in THRESHOLDS}
    return asdict(registered.config) if registered else {}


def _seen(shown: Any, circuit: Circuit | None) -> int | None:
    """How many interventions they had seen; of a circuit that has never run there was nothing to see."""
    whole = isinstance(shown, int) and not isinstance(shown, bool) and 0 <= shown <= MAX_SEQ
    return int(shown) if whole and circuit else None
