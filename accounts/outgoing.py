"""One HTTP call to a host that is allowed, which no address, name, answer or slowness can turn into something else.

Written on the standard library's HTTP, because what makes it safe is in no client that we know: the connection goes to
the very address that was checked, so that a name cannot lead elsewhere a moment later; and one deadline holds for all
of it, however slowly an answer drips in. Redirects are not followed, proxies of the environment not asked, certificates
verified (``SSL_CERT_FILE`` names those of a company's own).
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any

from accounts.hosts import Address, Failed, Hosts, Url

__all__ = ["Answer", "Failed", "call"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"})
"""Headers that say where one call ends and the next begins: nobody else sets them."""
SECONDS = 10.0
MOST = 4_096
PIECE = 65_536


@dataclass(frozen=True)
class Answer:
    """``body`` holds its first bytes; ``whole``: these are all of them."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def call(
    method: str,
    url: str,
    *,
    allowed: Hosts,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = SECONDS,
    most: int = MOST,
) -> Answer:
    """Any answer, whatever its status; or :class:`Failed`, whose ``arrived`` tells whether it may have been heard.

    ``timeout`` is for everything together, from the name to the last byte that is read; ``most`` bytes are read.
    """
    until = time.monotonic() + timeout
    method = _method(method)
    given = _headers(headers or {})
    found, rules = allowed.check(url)
    addresses = [address for address in _addresses(found, until) if rules.permits(address)]
    if not addresses:
        raise Failed("private", f"{found.host} leads to no address that may be called.")
    with _connected(found, addresses, until) as sock:
        return _exchange(_Wire(sock, until), found, method, given, body, most)


def _method(method: str) -> str:
    if method.upper() not in METHODS:
        raise Failed("bad_method", f"{method!r:.40} is none of {', '.join(sorted(METHODS))}.")
    return method.upper()


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name in headers:
        if name.lower() in OURS or name.lower().startswith("proxy-"):
            raise Failed("bad_header", f"The header {name!r:.40} cannot be set.")
    return {"User-Agent": "Leitstand", **headers, "Connection": "close"}


# --- where to ----------------------------------------------------------------------------------------------------


def _addresses(url: Url, until: float) -> list[Address]:
    if url.address is not None:
        return [url.address]
    found = _resolved(url, max(0.0, until - time.monotonic()))
    return list(dict.fromkeys(ip_address(str(at[0]).partition("%")[0]) for _f, _t, _p, _n, at in found))


def _resolved(url: Url, limit: float) -> list[Any]:
    """In a thread of its own: the system's resolver knows no deadline of ours."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    asking = threading.Thread(target=ask, name="resolving a name", daemon=True)
    asking.start()
    asking.join(limit)
    if not answer:
        raise Failed("timeout", f"Nobody said in time where {url.host} is.")
    if isinstance(answer[0], Exception):
        raise Failed("unknown_host", f"{url.host} is not known. ({answer[0]})")
    return list(answer[0])


def _connected(url: Url, addresses: list[Address], until: float) -> socket.socket:
    """To the first of these addresses that answers; none gets more than its share of the time."""
    failed: Failed | None = None
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        share = (until - time.monotonic()) / left
        try:
            return _connect(url, address, share)
        except Failed as error:
            failed = error
    assert failed is not None
    raise failed


def _connect(url: Url, address: Address, share: float) -> socket.socket:
    if share <= 0:
        raise Failed("timeout", f"{url.host} did not answer in time.")
    until = time.monotonic() + share
    try:
        sock = socket.create_connection((str(address), url.port), share)
    except TimeoutError:
        raise Failed("timeout", f"{url.host} ({address}) did not take the connection in time.") from None
    except OSError as error:
        raise Failed("unreachable", f"{url.host} ({address}) does not take the connection. ({error})") from None
    return _secured(sock, url, until) if url.secure else sock


def _secured(sock: socket.socket, url: Url, until: float) -> socket.socket:
    try:
        sock.settimeout(max(0.001, until - time.monotonic()))
        return trust().wrap_socket(sock, server_hostname=url.host)
    except TimeoutError:
        sock.close()
        raise Failed("timeout", f"{url.host} did not agree on TLS in time.") from None
    except (OSError, ValueError) as error:  # SSLError is of this kind too
        sock.close()
        broken = isinstance(error, ConnectionError | ssl.SSLEOFError)
        words = f"{url.host} broke off." if broken else f"TLS with {url.host} failed. ({error})"
        raise Failed("broken" if broken else "tls", words) from None


@cache
def trust() -> ssl.SSLContext:
    return ssl.create_default_context()


# --- what is said ------------------------------------------------------------------------------------------------


class _Wire(io.RawIOBase):
    """A socket as ``http.client`` wants it, with one deadline for all that is sent and read."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait()
            view = view[self._sock.send(view[:PIECE]) :]

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wait()
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Not the socket: ``http.client`` closes before it reads. Whoever opened it closes it."""

    def _wait(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)


def _exchange(wire: _Wire, url: Url, method: str, headers: dict[str, str], body: bytes, most: int) -> Answer:
    connection = http.client.HTTPConnection(url.host, url.port)
    connection.default_port = 443 if url.secure else 80  # it is left out of the header Host
    connection.sock = wire
    try:
        connection.request(method, url.target, body or None, headers)
    except (ValueError, UnicodeError) as error:
        raise Failed("bad_header", f"The call cannot be written: {error}") from None
    except OSError as error:
        # An answer may be there all the same: that what was sent is too much, say.
        if isinstance(error, TimeoutError):
            raise Failed("timeout", f"{url.host} did not take all of it in time.", arrived=True) from None
    try:
        response = connection.getresponse()
        return _read(response, most)
    except TimeoutError:
        raise Failed("timeout", f"{url.host} did not answer in time.", arrived=True) from None
    except (http.client.RemoteDisconnected, http.client.IncompleteRead, OSError) as error:
        raise Failed("broken", f"{url.host} broke off the connection. ({error})", arrived=True) from None
    except (http.client.HTTPException, ValueError) as error:
        raise Failed(
            "not_http", f"{url.host} answered something else than HTTP. ({error!r:.200})", arrived=True
        ) from None


def _read(response: http.client.HTTPResponse, most: int) -> Answer:
    body = b""
    while len(body) <= most and (piece := response.read(min(PIECE, most + 1 - len(body)))):
        body += piece
    whole = len(body) <= most
    if whole and response.length:
        raise http.client.IncompleteRead(body, response.length)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body[:most], whole)
