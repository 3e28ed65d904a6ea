"""One item sent: its request filled in, asked for through the service's circuit, and what its answer means."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from django.conf import settings

from accounts.hosts import Failed
from batches.http import secrets, statuses
from batches.http.asking import FINAL, MOST, Reply, Request, ask
from batches.http.plans import Plan, plan
from batches.http.secrets import Striking
from batches.http.templates import Wrong, fill_body, fill_header, fill_url
from worker.guard import guard
from worker.resilience.fallback import NotAgain, NotYet

MOST_KEPT = 100_000
MOST_SAID = 300
_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded", "plain": "text/plain"}


async def send(args: dict[str, Any], *, key: str, item: Any, service: str = "") -> Any:
    """What is kept of the answer. Raises NotAgain where no try will help, NotYet where one may, and CircuitOpen."""
    try:
        wanted = plan(args)
    except Wrong as error:
        raise NotAgain(str(error)) from None
    known = secrets.of(wanted.secrets)
    striking = Striking(known.values())
    request = _filled(wanted, item, key, known)
    reply = await _reply(request, wanted, service, striking)
    if isinstance(reply, Failed):
        raise NotAgain(striking.text(reply.words))
    return _meant(wanted, reply, striking)


def _filled(wanted: Plan, item: Any, key: str, known: dict[str, str]) -> Request:
    if known and (errors := secrets.missing(known)):
        raise NotAgain(" ".join(errors))
    try:
        headers = {name: fill_header(each, item, key, known) for name, each in wanted.headers.items()}
        url = fill_url(wanted.url, item, key)
        body = fill_body(wanted.body, wanted.kind, item, key) if wanted.body else None
        if known and (errors := secrets.elsewhere(known, url)):
            raise Wrong(" ".join(errors))
    except (Wrong, ValueError, RecursionError) as error:
        raise NotAgain(str(error)) from None
    if body is not None and not wanted.typed:
        headers["Content-Type"] = _TYPES[wanted.kind]
    headers["Idempotency-Key"] = key
    return Request(wanted.method, url, headers, body, wanted.private)


async def _reply(request: Request, wanted: Plan, service: str, striking: Striking) -> Reply | Failed:
    """What is wrong with the call is no failure of the service; what is 5xx, broken or late is. 4xx is not."""
    if not service:
        return await _asked(request, wanted, striking)
    async with guard.call(service) as call:
        reply = await _asked(request, wanted, striking)
        if isinstance(reply, Reply) and reply.status >= 500:
            call.failed(striking.text(_said(reply)))
    return reply


async def _asked(request: Request, wanted: Plan, striking: Striking) -> Reply | Failed:
    try:
        return await ask(request, allowed=settings.HTTP_HOSTS, seconds=wanted.seconds)
    except Failed as error:
        if error.code in FINAL:
            return error
        raise NotYet(striking.text(error.words)) from None


# --- what it means -----------------------------------------------------------------------------------------------


def _meant(wanted: Plan, reply: Reply, striking: Striking) -> Any:
    meaning = wanted.statuses.of(reply.status)
    if meaning == statuses.SUCCESS:
        return _kept(wanted.keep, reply, striking)
    words = _with_body(reply, striking)
    if meaning == statuses.RETRY:
        raise NotYet(words, _retry_after(reply))
    raise NotAgain(words)


def _kept(keep: str, reply: Reply, striking: Striking) -> Any:
    """It was done: what cannot be kept of it is a failure that nobody tries again."""
    if not reply.whole:
        _done_but(reply, f"with more than {MOST:,} bytes, and was cut off")
    if keep == "none":
        return None
    if keep == "status":
        return {"status": reply.status}
    if len(reply.body) > MOST_KEPT:
        _done_but(reply, f"with more than the {MOST_KEPT:,} bytes that are kept")
    if keep == "text":
        return {"status": reply.status, "text": striking.text(reply.body.decode(errors="replace"))}
    try:
        found = json.loads(reply.body, parse_constant=_no_number) if reply.body.strip() else None
    except (ValueError, RecursionError):
        _done_but(reply, "with something else than JSON")
    return {"status": reply.status, "json": striking.value(found)}


def _done_but(reply: Reply, how: str) -> NoReturn:
    raise NotAgain(f"It answered {reply.status}, but {how}.")


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _said(reply: Reply) -> str:
    return f"It answered {reply.status} {reply.reason}".strip()


def _with_body(reply: Reply, striking: Striking) -> str:
    """The beginning of what it said, on one line. Struck before it is cut: half a secret is one too."""
    text = striking.text(reply.body[:MOST_KEPT].decode(errors="replace"))
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * MOST_SAID]).split())
    first = striking.text(_said(reply))
    return f"{first}: {said[:MOST_SAID]}" if said else f"{first}."


def _retry_after(reply: Reply) -> float:
    """Seconds; how long an item waits at most is the chunk's to say."""
    said = reply.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        at = parsedate_to_datetime(said)
    except (TypeError, ValueError, IndexError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
