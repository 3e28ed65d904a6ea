"""The live pieces of circuits: the list, one circuit by the second, its facts and its past more slowly."""

from collections.abc import Hashable, Mapping
from typing import Any

from circuits import ops, page, queries
from circuits.access import is_ops
from circuits.limits import regions as limits  # noqa: F401  (importing it registers its own)
from circuits.notices import OPS
from circuits.told import one_told
from live.once import once
from live.regions import Region, register


@register
class CircuitsRegion(Region):
    """All circuits, or those that need a look: the same for everybody signed in; ops are led to the orders besides."""

    name = "circuits"
    template = "circuits/_circuits.html"
    interval = 2.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key in (page.ALL, page.NEEDING)

    def audience(self, user: Any, key: str) -> Hashable:
        return OPS if is_ops(user) else "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.version()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"situation": page.situation(key), "ops": audience == OPS}


@register
class CircuitsBadgeRegion(Region):
    """How much needs ops; others have no such number."""

    name = "circuits-badge"
    template = "circuits/_badge.html"
    interval = 3.0

    def may_watch(self, user: Any, key: str) -> bool:
        return key == "" and is_ops(user)

    def audience(self, user: Any, key: str) -> Hashable:
        return OPS

    def version(self, key: str, audience: Hashable) -> Hashable:
        return ops.version()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"needs": once(("needs_ops",), ops.needs)}


class OfOneCircuit(Region):
    """The key is its service; the same for everybody signed in."""

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and _known(key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.version(key)


@register
class CircuitRegion(OfOneCircuit):
    """One circuit as it is now."""

    name = "circuit"
    template = "circuits/_circuit.html"
    interval = 1.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"page": remembered_page(key)}


@register
class CircuitFactsRegion(OfOneCircuit):
    """What changes rarely, and what may be some seconds old: its settings, callers and totals."""

    name = "circuit-facts"
    template = "circuits/_facts.html"
    interval = 5.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"page": remembered_page(key)}


@register
class CircuitPastRegion(OfOneCircuit):
    """Its hour, its day, and what happened: as soon as something does, else by the clock."""

    name = "circuit-past"
    template = "circuits/_past.html"
    interval = 10.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"past": page.past(key)}


def remembered_page(service: str) -> page.CircuitPage:
    """Its page asks for it, and its region again: one read."""
    return once(("circuit", service), lambda: page.circuit_page(service))


def _known(service: str) -> bool:
    """A circuit that has only just begun is known to Temporal alone, which is asked last."""
    return once(("known", service), lambda: queries.is_known(service) or one_told(service) is not None)
