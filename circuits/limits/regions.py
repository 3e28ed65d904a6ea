"""The live piece of the limits: the same for everybody signed in."""

from collections.abc import Hashable, Mapping
from typing import Any

from circuits.limits import page
from live.regions import Region, register


@register
class LimitsRegion(Region):
    """Every queue as it is now: one reading of the server for all who look."""

    name = "limits"
    template = "limits/_limits.html"
    interval = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key == ""

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return page.read()
