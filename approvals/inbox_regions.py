"""The live pieces of the inbox, and the number in the navigation. Most are shared: an audience is what one may see."""

from collections.abc import Hashable, Mapping
from typing import Any

from approvals import asking, queries
from approvals.access import NOBODY, Sight, sight_of
from approvals.asking import Asked
from approvals.conversation import asked_of
from approvals.sharing import audience_of
from live.regions import Region, register


@register
class InboxRegion(Region):
    """One view of the inbox; the key is all that is asked for. Shared by all for whom it is the same."""

    name = "inbox"
    template = "approvals/_inbox.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and asking.of_key(key) is not None

    def audience(self, user: Any, key: str) -> Hashable:
        return audience_of(user, _asked(key).view)

    def version(self, key: str, audience: Hashable) -> Hashable:
        """Questions that wait for a person are no change of a request: they are in what is that person's own."""
        return queries.version() if _sight(audience).user_id == NOBODY else None

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        sight = _sight(audience)
        return {"inbox": queries.inbox(sight, _asked(key)), "asked_of_you": _questions(sight)}


@register
class OwnViewsRegion(Region):
    """The views that nobody shares, with their counts: what one asked for, what one decided."""

    name = "inbox-own"
    template = "approvals/_inbox_own.html"
    interval = 30.0
    pause = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and asking.of_key(key) is not None

    def audience(self, user: Any, key: str) -> Hashable:
        return sight_of(user)

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.own_version(_sight(audience).user_id)

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"own": queries.own_views(_sight(audience), _asked(key))}


@register
class BadgeRegion(Region):
    """How many requests wait for this person."""

    name = "badge"
    template = "approvals/_badge.html"
    interval = 10.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and key == ""

    def audience(self, user: Any, key: str) -> Hashable:
        return audience_of(user, "waiting")

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.version()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        count = queries.count_waiting_for(_sight(audience))
        return {"count": count, "said": queries.said(count)}


def _questions(sight: Sight) -> Any:
    """About what one asked for oneself; whoever has such a request open shares nothing."""
    return () if sight.user_id == NOBODY else asked_of(sight.user_id)


def _asked(key: str) -> Asked:
    asked = asking.of_key(key)
    assert asked is not None, "or it was not to be watched"
    return asked


def _sight(audience: Hashable) -> Sight:
    assert isinstance(audience, Sight)
    return audience
