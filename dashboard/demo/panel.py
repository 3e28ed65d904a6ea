"""The panel on the pages of the demo's circuits: how its service is set, and who may set it otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from circuits.access import is_ops
from dashboard.demo.forms import KnobsForm
from dashboard.demo.service import asking
from dashboard.demo.service.knobs import WELL
from live.once import once

TEMPLATE = "dashboard/demo/_panel.html"
REGION = "demo-service"


@dataclass(frozen=True)
class Now:
    """What the service says of itself; ``away`` says in words why it says nothing."""

    service: str
    told: asking.Told | None
    away: str = ""

    @property
    def set_at(self) -> datetime | None:
        return datetime.fromtimestamp(self.told.knobs.at, UTC) if self.told and self.told.knobs.at else None

    @property
    def percent(self) -> float:
        return round(self.told.knobs.failure_rate * 100, 1) if self.told else 0.0


def is_of_the_demo(service: str) -> bool:
    return settings.DEMO and service in WELL


def now(service: str) -> Now:
    """Asked once for a page: its form and its live piece say the same."""
    return once(("demo service", service), lambda: _asked(service))


def _asked(service: str) -> Now:
    try:
        return Now(service, asking.tell(service))
    except (asking.Away, asking.Refused) as error:
        return Now(service, None, str(error))


def read(service: str, request: HttpRequest) -> Mapping[str, Any] | None:
    """For ``circuits.panels``: nothing where there is no demo, or where it does not play this service."""
    return context(service, request) if is_of_the_demo(service) else None


def context(service: str, request: HttpRequest, form: KnobsForm | None = None, said: str = "") -> dict[str, Any]:
    found, may_turn = now(service), is_ops(request.user)
    if form is None and may_turn and found.told:
        form = KnobsForm.of(found.told.knobs)
    return {"service": service, "now": found, "knobs": form, "may_turn": may_turn, "said": said}
