"""One request and its whole answer, within one deadline, redirects followed where each hop may be called."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from accounts.hosts import Failed, Hosts, Url, split
from batches.http.pools import check_address, pool
from worker import tracing
from worker.within import within

MOST = 1_000_000
"""Bytes of an answer; what sends more is cut off."""
MOST_HOPS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FINAL = frozenset({"bad_url", "not_allowed", "plain", "private", "bad_header", "redirect", "too_large"})
"""What is wrong with the call or its answer, so that trying again helps nobody."""


class Request(NamedTuple):
    """``private``: headers that no other host may see."""

    method: str
    url: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    private: frozenset[str] = frozenset()


class Reply(NamedTuple):
    """``whole``: the body is all of it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    whole: bool


async def ask(request: Request, *, allowed: Hosts, seconds: float) -> Reply:
    """Any answer, whatever its status; or Failed."""
    try:
        with within(seconds):
            return await _ask(request, allowed)
    except TimeoutError:
        raise Failed("timeout", f"It did not answer within {seconds:g} s.", arrived=True) from None
    except (aiohttp.ClientError, ValueError) as error:
        raise _failed(error) from None


async def _ask(request: Request, allowed: Hosts) -> Reply:
    for _hop in range(MOST_HOPS + 1):
        url, target = _checked(request.url, allowed)
        reply = await _once(request, url, target, allowed)
        if reply.status not in REDIRECTS or "Location" not in reply.headers:
            return reply
        request = _next(request, url, reply)
    raise Failed("redirect", f"{url.host} leads from one address to the next, {MOST_HOPS} times.", arrived=True)


async def _once(request: Request, url: Url, target: URL, allowed: Hosts) -> Reply:
    session = await pool(allowed, url.secure)
    with tracing.calling(request.method, url.host, url.port) as call:
        headers = _traced(request.headers, call.headers)
        async with session.request(
            request.method, target, headers=headers, data=request.body, allow_redirects=False
        ) as answer:
            call.answered(answer.status)
            return await _read(answer)


def _traced(headers: Mapping[str, str], trace: Mapping[str, str]) -> Mapping[str, str]:
    """What the request says itself stands."""
    if not trace:
        return headers
    said = {name.lower() for name in headers}
    return {**headers, **{name: each for name, each in trace.items() if name not in said}}


async def _read(answer: aiohttp.ClientResponse) -> Reply:
    body = b""
    while len(body) <= MOST and (piece := await answer.content.readany()):
        body += piece
    if len(body) > MOST:
        answer.close()
    return Reply(answer.status, answer.reason or "", answer.headers, body[:MOST], len(body) <= MOST)


@lru_cache(1_024)
def _checked(url: str, allowed: Hosts) -> tuple[Url, URL]:
    """As it was taken apart when it was checked: nobody reads it differently afterwards. Pure, so it is kept."""
    found, rules = allowed.check(url)
    check_address(found, rules)
    host = f"[{found.host}]" if ":" in found.host else found.host
    return found, URL(f"{found.scheme}://{host}:{found.port}{found.target}", encoded=True)


def _next(request: Request, url: Url, reply: Reply) -> Request:
    """What changes something is not turned into a question; where it was done already the answer is elsewhere (303)."""
    safe = request.method in ("GET", "HEAD")
    if reply.status in (301, 302) and not safe:
        raise Failed("redirect", f"{url.host} answered {reply.status}: a {request.method} is not sent elsewhere.")
    to = urljoin(request.url, reply.headers["Location"])
    found = split(to)
    headers = request.headers
    if (found.scheme, found.host, found.port) != (url.scheme, url.host, url.port):
        headers = {name: value for name, value in headers.items() if name not in request.private}
    if reply.status == 303 and not safe:
        return request._replace(method="GET", url=to, headers=headers, body=None)
    return request._replace(url=to, headers=headers)


def _failed(error: Exception) -> Failed:
    """What the client raises, in words that hold nothing of the request."""
    if isinstance(error, aiohttp.ClientSSLError):
        return Failed("tls", f"TLS failed. ({error})")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failed("unreachable", f"It does not take the connection. ({error.os_error})")
    if isinstance(error, aiohttp.InvalidURL):
        return Failed("bad_url", "The address cannot be called.")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return Failed("broken", "It broke off the connection.", arrived=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Failed("broken", "Its answer ended before it was whole.", arrived=True)
    if isinstance(error, aiohttp.ClientError):
        return Failed("not_http", "It answered something else than HTTP.", arrived=True)
    return Failed("bad_header", "The request cannot be written: a header holds what none can carry.")
