"""The live pieces of approvals: the inbox, one request, and the number in the navigation."""

from collections.abc import Hashable, Mapping
from typing import Any
from uuid import UUID

from approvals import inbox_regions as inbox_regions
from approvals.access import visible_to
from approvals.confirm import confirm
from approvals.conversation import conversation_of, open_questions, talk_version
from approvals.models import Request
from approvals.once import once
from approvals.page import state_of
from approvals.rows import who_asked
from live.regions import Region, register
from worker.reading import as_uuid


@register
class RequestRegion(Region):
    """The state of one request: the same for everybody who may see it."""

    name = "request"
    template = "approvals/_state.html"

    def may_watch(self, user: Any, key: str) -> bool:
        return _sees(user, key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "sees it"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        found = _request(key)
        return {"state": state_of(found), "confirmed": confirm(found)}


@register
class ConversationRegion(Region):
    """What was said about one request, as everybody who sees it reads it."""

    name = "conversation"
    template = "approvals/_conversation.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return _sees(user, key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "sees it"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"conversation": conversation_of(_request(key))}


@register
class QuestionsRegion(Region):
    """That a question waits for the requester, who is told in other words; and which form they need to answer it."""

    name = "questions"
    template = "approvals/_questions.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return _sees(user, key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "asked for it" if _request(key).requester_id == user.pk else "sees it"

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        one, own = _request(key), audience == "asked for it"
        waiting = open_questions(one)
        version = talk_version(one, waiting if own else ())
        return {"one": one, "waiting": waiting, "own": own, "who": who_asked(one), "version": version}


def _sees(user: Any, key: str) -> bool:
    if not user.is_active or (uuid := _uuid(key)) is None:
        return False
    return once(("sees", user.pk, uuid), visible_to(user).filter(uuid=uuid).exists)


def _request(key: str) -> Request:
    return once(("request", key), lambda: Request.objects.select_related("requester").get(uuid=UUID(key)))


def _uuid(key: str) -> UUID | None:
    """Only as addresses write it: one request, one key."""
    found = as_uuid(key)
    return found if str(found) == key else None
