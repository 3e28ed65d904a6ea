"""Every read of rows that the pages of circuits make; none of them grows with the number of circuits."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Sum

from circuits.models import Change, Circuit, Sample, Service
from worker.circuit_contract import MAX_SERVICE
from worker.resilience.circuit_state import FORCED_OPEN, HALF_OPEN, OPEN

NEEDS = (OPEN, FORCED_OPEN, HALF_OPEN)
"""States that somebody of ops has to look at."""
KEPT_CHANGES = 300


class Counted(NamedTuple):
    """What was reported in one minute, as a row says it."""

    minute: datetime
    ok: int
    failed: int
    slow: int
    refused: int
    fallback: Mapping[str, int]
    state: str


class Turn(NamedTuple):
    """A change of state."""

    at: datetime
    source: str
    target: str


def circuits() -> list[Circuit]:
    """Without what they keep, which only few readers want."""
    return list(Circuit.objects.defer("kept").order_by("service"))


def circuit(service: str) -> Circuit | None:
    return Circuit.objects.filter(service=service).first()


def kept_of(rows: Iterable[Circuit]) -> dict[int, Any]:
    """What these entities knew when they last wrote it down."""
    wanted = [row.pk for row in rows]
    return dict(Circuit.objects.filter(pk__in=wanted).values_list("pk", "kept")) if wanted else {}


def services() -> dict[str, Service]:
    """The registry, by name."""
    return {service.name: service for service in Service.objects.all()}


def service(name: str) -> Service | None:
    return Service.objects.prefetch_related("rungs__circuit").filter(name=name).first()


def is_known(name: str) -> bool:
    """In the index, or in the registry."""
    rows = (Circuit.objects.filter(service=name), Service.objects.filter(name=name))
    return plausible(name) and any(found.exists() for found in rows)


def plausible(service: str) -> bool:
    """Whether anything can be called so."""
    return 0 < len(service) <= MAX_SERVICE and service.isprintable()


def samples(rows: Sequence[Circuit], since: datetime) -> dict[int, list[Counted]]:
    """By circuit, oldest first."""
    found: dict[int, list[Counted]] = defaultdict(list)
    asked = Sample.objects.filter(circuit__in=[row.pk for row in rows], minute__gte=since).order_by("minute")
    for pk, *values in asked.values_list("circuit_id", *Counted._fields):
        found[pk].append(Counted(*values))
    return found


def turns(rows: Sequence[Circuit], since: datetime) -> dict[int, list[Turn]]:
    """Changes of state by circuit, oldest first."""
    found: dict[int, list[Turn]] = defaultdict(list)
    asked = Change.objects.filter(circuit__in=[row.pk for row in rows], at__gte=since, kind="changed")
    for pk, *values in asked.order_by("number").values_list("circuit_id", *Turn._fields):
        found[pk].append(Turn(*values))
    return found


def openings(rows: Sequence[Circuit]) -> dict[int, Change]:
    """What began the outage that goes on, by circuit: trials that failed since are not it."""
    wanted = [row.pk for row in rows if row.state in (OPEN, FORCED_OPEN)]
    asked = Change.objects.filter(circuit__in=wanted, kind="changed", at=F("circuit__opened_at"))
    return {change.circuit_id: change for change in asked.order_by("-number")} if wanted else {}


def changes(row: Circuit) -> list[Change]:
    """The latest first."""
    return list(row.changes.order_by("-number")[:KEPT_CHANGES])


def needing() -> list[Circuit]:
    """Those that somebody of ops has to look at."""
    return list(Circuit.objects.filter(state__in=NEEDS).defer("kept", "config").order_by("service"))


def version(name: str = "") -> Hashable:
    """Another one as soon as an entity has written something down, or the registry has changed: one query each."""
    rows = Circuit.objects.filter(service=name) if name else Circuit.objects.all()
    settings = Service.objects.filter(name=name) if name else Service.objects.all()
    written = rows.aggregate(at=Max("written_at"), events=Sum("events_ever"), number=Count("pk"))
    return (*written.values(), *settings.aggregate(version=Sum("version"), number=Count("pk")).values())
