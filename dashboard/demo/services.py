"""What the demo registers: the services of its circuits, impatient enough to be watched, and who serves instead."""

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User

from circuits.models import Rung, Service
from circuits.services import save_service

REASON = "It came with the demo"


@dataclass(frozen=True)
class Demo:
    """``rungs``: name, seconds for one try, tries."""

    title: str
    called: bool = True
    rungs: tuple[tuple[str, float, int], ...] = ()
    settings: dict[str, float] = field(default_factory=dict)


SERVICES = {
    "recommendations": Demo("Recommendations", rungs=(("learned", 2.0, 1), ("rules", 1.0, 2), ("popular", 1.0, 3))),
    "payments": Demo("Payments", settings={"failure_rate": 0.5, "slow_rate": 0.8, "slow_seconds": 1.5}),
    "fx-rates": Demo("Exchange rates", rungs=(("today", 2.0, 1), ("yesterday", 1.0, 3))),
    "archive": Demo("Archive", called=False),
}
IMPATIENT = {"timeout_seconds": 20.0, "probe_lease_seconds": 10.0, "window_seconds": 30.0, "minimum_calls": 20}


def load(by: User) -> None:
    """Those that are missing; of one that is there only its address follows the demo's: people may have changed it."""
    for name, demo in SERVICES.items():
        found = Service.objects.filter(name=name).first()
        if found is None:
            _register(name, demo, by)
        elif demo.called and found.base_url.startswith("http://127.0.0.1:") and found.base_url != _address(name):
            found.base_url = _address(name)
            rungs = list(found.rungs.select_related("circuit"))
            save_service(service=found, rungs=rungs, reason="The demo's service has another port", by=by)


def are_registered() -> bool:
    return Service.objects.filter(name__in=SERVICES).count() == len(SERVICES)


def _register(name: str, demo: Demo, by: User) -> None:
    address = _address(name) if demo.called else "http://archive.example"
    service = Service(name=name, title=demo.title, base_url=address, **IMPATIENT, **demo.settings)
    rungs = [
        Rung(position=position, name=rung, timeout_seconds=seconds, attempts=tries, pause_seconds=0.2)
        for position, (rung, seconds, tries) in enumerate(demo.rungs)
    ]
    save_service(service=service, rungs=rungs, reason=REASON, by=by)


def _address(name: str) -> str:
    return f"{settings.DEMO_SERVICE}/{name}"
