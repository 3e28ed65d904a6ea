"""The websocket ``/live/?region=NAME[:KEY]``, as many regions as a page has."""
# mypy: untyped-calls-exclude="channels,live.consumer"

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import parse_qsl

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import HttpRequest, parse_cookie
from django.utils import timezone, translation

from live.hub import hub
from live.rendering import Outlook, Piece
from live.viewer import Viewer

log = logging.getLogger(__name__)

SIGNED_OUT = 4401
"""Close code: nobody is signed in (any more). Not one that the browser's extension connects again after."""

MOST_REGIONS = 20
LONGEST, LONGEST_KEY = 100, 2_000
"""Of a region's name, and of its key: an inbox's says all that it is asked for."""


class LiveConsumer(AsyncWebsocketConsumer):
    """Accepts everybody, for only an accepted socket can be told why it closes; sends what its viewer may see."""

    _delivery: "asyncio.Task[None] | None" = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)  # type: ignore[no-untyped-call]
        finally:
            if self._delivery is not None:
                self._delivery.cancel()
                await asyncio.wait([self._delivery])

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without Channels' look at the database: nothing here touches it on Channels' one thread."""
        kind = message["type"]
        if kind == "websocket.connect":
            await self.accept()
            self._delivery = asyncio.create_task(self._deliver(), name="deliver")
        elif kind == "websocket.disconnect":
            raise StopConsumer

    async def _deliver(self) -> None:
        """OSError is how the server says that the browser has gone."""
        place = hub()
        cookies = _cookies(self.scope)
        session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        viewer = Viewer(place, session_key, pieces(self.scope["query_string"]), outlook(self.scope), self.send)
        place.join(viewer)
        try:
            with contextlib.suppress(OSError):
                await viewer.deliver()
                await self.close(SIGNED_OUT)
        except Exception:
            log.exception("A live page's delivery broke off; its browser connects again.")
            with contextlib.suppress(OSError):
                await self.close(1011)
        finally:
            place.part(viewer)


def pieces(query: bytes) -> list[Piece]:
    """What the address asks for, each once; what is too long to be anything of ours is not even named back."""
    found: dict[Piece, None] = {}
    for name, value in parse_qsl(query.decode("utf-8", "replace")):
        region, _, key = value.partition(":")
        if name == "region" and value.isprintable() and len(region) <= LONGEST and len(key) <= LONGEST_KEY:
            found[Piece(region, key)] = None
    return list(found)[:MOST_REGIONS]


def outlook(scope: dict[str, Any]) -> Outlook:
    """The language by the rules of the pages (cookie, then the browser's list), and the site's time zone."""
    request = HttpRequest()
    request.COOKIES = _cookies(scope)
    request.META = {"HTTP_ACCEPT_LANGUAGE": _header(scope, b"accept-language")}
    return Outlook(translation.get_language_from_request(request), timezone.get_default_timezone_name())


def _cookies(scope: dict[str, Any]) -> dict[str, str]:
    return dict(parse_cookie(_header(scope, b"cookie")))


def _header(scope: dict[str, Any], wanted: bytes) -> str:
    return "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == wanted)
