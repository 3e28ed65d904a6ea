"""How much of a request is taken in. Django under ASGI has the whole body on disk before anybody asks who sends it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

ANY = 10_000_000
"""Bytes: no form comes near it, uploads apart."""
UPLOADS = "/batches/new/source/"


def most(path: str) -> int:
    """Of an upload twice as much as is kept: whoever is a little above it is told so on the page."""
    return 2 * int(settings.UPLOAD_MB) * 1_000_000 + ANY if path.endswith(UPLOADS) else ANY


def bounded(app: App) -> App:
    """Requests with more than that are answered 413, as soon as it is known."""

    async def within(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        body = _Body(receive, most(scope["path"]))
        if _said(scope) <= body.left:
            await app(scope, body.receive, send)
        else:
            body.over = True
        if body.over:
            await _refuse(send)

    return within


class _Body:
    """What the app receives. Of what is too much it hears only that the sender has gone: then it answers nobody."""

    def __init__(self, receive: Receive, left: int) -> None:
        self._receive, self.left, self.over = receive, left, False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.left -= len(message.get("body", b""))
            self.over = self.left < 0
        return {"type": "http.disconnect"} if self.over else message


def _said(scope: Any) -> int:
    """By the sender: nothing can be said in chunks."""
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() else 0


async def _refuse(send: Send) -> None:
    text = b"This is more than is taken here. Nothing of it was kept.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
