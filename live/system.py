"""The region ``system``: which workers live and whether Temporal answers, for everybody who is signed in."""

from collections.abc import Hashable, Mapping
from typing import Any

from typing_extensions import override

from live.queries import system
from live.regions import Region, find, register


class SystemRegion(Region):
    name = "system"
    template = "live/system.html"

    @override
    def may_watch(self, user: Any, key: str) -> bool:
        return not key

    @override
    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    @override
    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        """Without the ages: they are the pulse's, and would make this region change every second."""
        state = system()
        return {"worker_alive": state.worker_alive, "temporal_ok": state.temporal_ok, "workers": sorted_workers(state)}


def sorted_workers(state: Any) -> list[Any]:
    return sorted(state.living, key=lambda worker: (worker.host, worker.pid))


def register_region() -> None:
    if find(SystemRegion.name) is None:
        register(SystemRegion)
