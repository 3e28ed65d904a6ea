"""The demo's services over HTTP (ASGI): they answer, fail, dawdle or hang; the site reads and sets how."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.utils.crypto import constant_time_compare

from dashboard.demo.service import knobs
from dashboard.demo.service.answers import ANSWERS
from dashboard.demo.service.arrivals import Arrivals
from dashboard.demo.service.knobs import Board, Knobs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any]]

SPREAD = 0.5
"""A call takes so much more or less than the latency, as a share of it."""
MOST = 10_000
CALLER = b"x-caller"
NOT_FOUND: Answer = (404, {"error": "There is no such service."})
NO_ANSWER: Answer = (503, {"error": "upstream connect error or disconnect before headers"})


class DemoService:
    """``/<service>`` for callers; ``/settings`` and ``/settings/<service>`` for the site, by its token."""

    def __init__(self, board: Board, token: str) -> None:
        self.board = board
        self.token = token
        self.arrivals = {name: Arrivals() for name in ANSWERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        first, _, rest = unquote(scope["path"]).strip("/").partition("/")
        if first == "settings":
            await _send(send, await self._settings(scope, receive, rest))
        elif first not in ANSWERS or rest:
            await _send(send, NOT_FOUND)
        else:
            await self._serve(first, scope, receive, send)

    # --- for callers ----------------------------------------------------------------------------------------------

    async def _serve(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.arrivals[service].note(_header(scope, CALLER) or "unknown")
        now = self.board.now[service]
        if now.hang:
            await _until_gone(receive)
            return
        await asyncio.sleep(now.latency_seconds * random.uniform(1 - SPREAD, 1 + SPREAD))
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        failed = random.random() < now.failure_rate
        await _send(send, NO_ANSWER if failed else (200, ANSWERS[service](asked)))

    # --- for the site ---------------------------------------------------------------------------------------------

    async def _settings(self, scope: Scope, receive: Receive, service: str) -> Answer:
        if not constant_time_compare(_header(scope, b"authorization"), f"Bearer {self.token}"):
            return 401, {"errors": ["Only the site that this service belongs to may ask that."]}
        if service and service not in ANSWERS:
            return NOT_FOUND
        if scope["method"] == "PUT" and service:
            return self._set(service, await _body(receive))
        if scope["method"] != "GET":
            return 405, {"errors": ["Ask with GET; set one service with PUT."]}
        return 200, {name: self._told(name) for name in ANSWERS if service in ("", name)}

    def _set(self, service: str, body: bytes) -> Answer:
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            return 400, {"errors": ["The settings must be JSON."]}
        wanted, errors = knobs.read(given, self.board.now[service])
        if errors:
            return 400, {"errors": errors}
        try:
            self.board.turn(service, wanted)
        except OSError as error:
            return 507, {"errors": [f"The settings cannot be kept, so nothing was changed. ({error.strerror})"]}
        return 200, {service: self._told(service)}

    def _told(self, service: str) -> dict[str, Any]:
        now: Knobs = self.board.now[service]
        return {**asdict(now), "arrivals": self.arrivals[service].told()}


# --- HTTP, as little of it as is needed ---------------------------------------------------------------------------


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")[:200]


async def _body(receive: Receive) -> bytes:
    """Its first bytes; more than that is no setting, and does not parse."""
    body = b""
    while len(body) <= MOST:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[:MOST]


async def _until_gone(receive: Receive) -> None:
    """Says nothing, for as long as the caller waits."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, answer: Answer) -> None:
    status, said = answer
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
