"""The live pieces of home: what waits for this person, and how the system is."""

from collections.abc import Hashable, Mapping
from typing import Any

from django.contrib.auth.models import User

from approvals.once import once
from dashboard.demo import regions as demo  # noqa: F401  (importing it registers its own)
from dashboard.home import home_for, system_now
from live.regions import Region, register


@register
class Home(Region):
    """One audience per person: what waits, and what one asked for, are nobody else's."""

    name = "home"
    template = "dashboard/_home.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key == ""

    def audience(self, user: Any, key: str) -> Hashable:
        return int(user.pk)

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return home_for(once(("person", audience), lambda: User.objects.get(pk=str(audience))))


@register
class SystemState(Region):
    """The same for everybody signed in."""

    name = "system"
    template = "dashboard/_system.html"
    interval = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key == ""

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return system_now()
