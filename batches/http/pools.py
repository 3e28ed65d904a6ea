"""Kept connections, a pool for each event loop: each goes to an address that was checked when its name was resolved.

What is kept is the connection itself, so that no name can lead elsewhere later; the next one is checked anew. Chunks
share a loop, and so its connections; a loop that ends closes what it has kept.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from accounts import outgoing
from accounts.hosts import Failed, Hosts, Url

KEPT_SECONDS = 4.0
"""Less than the five after which many servers close one: a call must not meet that."""
_Kept = tuple[Hosts, bool]
_Holding = AsyncGenerator[aiohttp.ClientSession, None]
_pools: dict[asyncio.AbstractEventLoop, dict[_Kept, tuple[aiohttp.ClientSession, _Holding]]] = {}


async def pool(allowed: Hosts, secure: bool) -> aiohttp.ClientSession:
    """For http and https apart: a host may be allowed to lead to other addresses over one than over the other."""
    loop = asyncio.get_running_loop()
    kept = _pools.setdefault(loop, {})
    if found := kept.get((allowed, secure)):
        return found[0]
    holding = _held(allowed, secure)
    # The loop ends its generators before it closes, and so this one its connections.
    session = await anext(holding)
    kept[allowed, secure] = session, holding
    return session


async def _held(allowed: Hosts, secure: bool) -> _Holding:
    connector = aiohttp.TCPConnector(
        resolver=Checked(allowed, secure),
        ssl=outgoing.trust() if secure else True,
        limit=0,  # as many as calls at once, and those are limited by the worker's slots,
        keepalive_timeout=KEPT_SECONDS,
        use_dns_cache=False,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": "Leitstand", "Accept-Encoding": "identity"},
        skip_auto_headers=("Content-Type",),
        trust_env=False,
    )
    try:
        yield session
    finally:
        _pools.pop(asyncio.get_running_loop(), None)
        await session.close()


class Checked(AbstractResolver):
    """Answers with the addresses that may be called, and with no other."""

    def __init__(self, allowed: Hosts, secure: bool) -> None:
        self.allowed, self.scheme = allowed, "https" if secure else "http"

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        _url, rules = self.allowed.check(f"{self.scheme}://{host}:{port}/")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Failed("unknown_host", f"{host} is not known. ({error})") from None
        addresses = dict.fromkeys(str(at[0]).partition("%")[0] for *_ignored, at in found)
        permitted = [address for address in addresses if rules.permits(ip_address(address))]
        if not permitted:
            raise Failed("private", f"{host} leads to no address that may be called.")
        return [_result(host, address, port) for address in permitted]

    async def close(self) -> None:
        """Nothing is kept here."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


def check_address(url: Url, rules: Hosts) -> None:
    """Of a URL that names an address itself, or a number that some would read as one: nothing resolves those."""
    if url.address is not None:
        if not rules.permits(url.address):
            raise Failed("private", f"{url.host} may not be called.")
    elif url.host.replace(".", "").isdigit():
        raise Failed("bad_url", f"The address cannot be called: {url.host} is a number, not a name.")
