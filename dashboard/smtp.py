"""LEITSTAND_SMTP_URL, read: smtp://host, smtp+tls://user:password@host:587, smtps://user:password@host."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


class Server(NamedTuple):
    """In the order in which the settings take it."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def read(url: str) -> Server | None:
    """Without a URL none. User and password are percent-encoded, as in every URL."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port, usual = parts.hostname, parts.port, PORTS[parts.scheme]
    except (ValueError, KeyError):
        host, port, usual = None, None, 0
    if not host:
        raise ImproperlyConfigured(
            "LEITSTAND_SMTP_URL is not understood (its text is not shown: it may hold a password). Write it as "
            "smtp://host, smtp+tls://user:password@host:587 or smtps://user:password@host; in user and password "
            "write @ as %40, : as %3A, / as %2F."
        )
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(host, port or usual, name, password, parts.scheme == "smtp+tls", parts.scheme == "smtps")
