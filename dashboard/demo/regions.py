"""The live piece of the demo's panel: how the service is set now, and how many calls arrive there."""

from collections.abc import Hashable, Mapping
from typing import Any

from dashboard.demo import panel
from live.regions import Region, register


@register
class DemoService(Region):
    """The same for everybody signed in."""

    name = panel.REGION
    template = "dashboard/demo/_now.html"
    interval = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and panel.is_of_the_demo(key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"now": panel.now(key)}
