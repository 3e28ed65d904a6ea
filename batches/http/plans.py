"""What is called and how, read once from a job's arguments: templates, statuses, limits; everything wrong in words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings

from accounts.hosts import Failed
from accounts.outgoing import METHODS, OURS
from batches.http import secrets, statuses, templates
from batches.http.statuses import Statuses
from batches.http.templates import Hole, Template, Wrong

SECONDS, MOST_SECONDS = 20.0, 600.0
KEEPS = ("none", "status", "json", "text")
BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods that send no body unless one is given; the first two never."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_KINDS = {"application/json": "json", "application/x-www-form-urlencoded": "form", "text/plain": "plain"}


@dataclass(frozen=True)
class Plan:
    method: str
    url: Template
    headers: dict[str, Template]
    body: Template | None
    kind: str
    statuses: Statuses
    seconds: float
    keep: str

    @property
    def templates(self) -> list[Template]:
        return [self.url, *self.headers.values(), *([self.body] if self.body else [])]

    @cached_property
    def secrets(self) -> list[str]:
        return [hole.name for each in self.headers.values() for hole in each.holes if hole.kind == "secret"]

    @cached_property
    def private(self) -> frozenset[str]:
        """Headers that no other host may see."""
        secret = {name for name, each in self.headers.items() if any(hole.kind == "secret" for hole in each.holes)}
        return frozenset(secret | {name for name in self.headers if name.lower() in ("authorization", "cookie")})

    @cached_property
    def typed(self) -> bool:
        """Whether its headers say what its body is."""
        return any(name.lower() == "content-type" for name in self.headers)


_lately: dict[tuple[Any, ...], tuple[dict[str, Any], Plan]] = {}
"""Plans by the very objects that they were read from: a batch hands on the same for each of its items."""
MOST_KEPT = 256


def plan(args: dict[str, Any]) -> Plan:
    """Raises Wrong. The same arguments are read once."""
    key = tuple(map(id, args.values()))
    if (kept := _lately.get(key)) and kept[0] == args:
        return kept[1]
    found, errors = _read(args)
    if errors:
        raise Wrong(" ".join(errors))
    if len(_lately) >= MOST_KEPT:
        _lately.clear()
    made = Plan(**found)
    _lately[key] = dict(args), made
    return made


def wrong(args: dict[str, Any]) -> list[str]:
    """All that is wrong with them here and now, before anything is called."""
    found, errors = _read(args)
    if errors:
        return errors
    made = Plan(**found)
    url = _like(made.url)
    return secrets.missing(made.secrets) + (_wrong_host(url) or secrets.elsewhere(made.secrets, url))


def columns(args: dict[str, Any]) -> list[str]:
    try:
        return list(dict.fromkeys(name for each in plan(args).templates for name in each.columns))
    except Wrong:
        return []


def _like(url: Template) -> str:
    """An address as it will be; its host stands in the template, its holes do not change that."""
    return "".join(part if isinstance(part, str) else "x" for part in url.parts)


def _wrong_host(url: str) -> list[str]:
    if not settings.HTTP_HOSTS:
        return ["No host may be called: LEITSTAND_HTTP_ALLOWED_HOSTS names none."]
    try:
        settings.HTTP_HOSTS.check(url)
    except Failed as error:
        return [error.words]
    return []


# --- reading -----------------------------------------------------------------------------------------------------


def _read(args: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    errors: list[str] = []
    headers = args.get("headers") or {}
    kind = _kind(headers)
    lists = {name: args.get(name) for name in (statuses.SUCCESS, statuses.RETRY, statuses.FINAL)}
    readers: dict[str, Callable[[], Any]] = {
        "method": lambda: _method(args),
        "url": lambda: templates.read_url(str(args.get("url", ""))),
        "headers": lambda: {name: _header(name, value) for name, value in headers.items()},
        "body": lambda: _body(args, kind),
        "kind": lambda: kind,
        "statuses": lambda: statuses.read(**lists),
        "seconds": lambda: _seconds(args.get("timeout_seconds", SECONDS)),
        "keep": lambda: _keep(args.get("keep") or "status"),
    }
    found: dict[str, Any] = {}
    for name, reader in readers.items():
        try:
            found[name] = reader()
        except Wrong as error:
            errors.append(str(error))
    return found, list(dict.fromkeys(errors))


def _method(args: dict[str, Any]) -> str:
    method = str(args.get("method") or "POST").upper()
    if method not in METHODS:
        raise Wrong(f"The method {method!r:.40} is none of {', '.join(sorted(METHODS))}.")
    return method


def _header(name: str, value: Any) -> Template:
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise Wrong(f"{name!r:.80} is not a name that a header can have.")
    if lower in OURS or lower.startswith("proxy-") or lower in ("idempotency-key", "accept-encoding"):
        raise Wrong(f"The header {name!r} cannot be set.")
    if not isinstance(value, str) or any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise Wrong(f"The header {name!r} must be a text of one line.")
    return templates.strict(templates.read(f"header {name!r}", value, secrets=True))


def _kind(headers: dict[str, Any]) -> str:
    """How values are written in the body: by its type."""
    given = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "application/json")
    plain = given.partition(";")[0].strip().lower()
    return "json" if plain.endswith("+json") else _KINDS.get(plain, "")


def _body(args: dict[str, Any], kind: str) -> Template | None:
    """Without a template the item is the body, of methods that have one."""
    method, text = _method(args), args.get("body") or ""
    if text and method in ("GET", "HEAD"):
        raise Wrong(f"A {method} has no body.")
    if not text and method in BODILESS:
        return None
    if not kind:
        raise Wrong(f"A body can be of these types: {', '.join(_KINDS)}, or one that ends with +json.")
    return templates.read_body(text, kind) if text else Template("body", ("", Hole("item", ""), ""))


def _seconds(given: Any) -> float:
    if not 0 < float(given) <= MOST_SECONDS:
        raise Wrong(f"'timeout_seconds' must be above 0 and at most {MOST_SECONDS:g}.")
    return float(given)


def _keep(given: str) -> str:
    if given not in KEEPS:
        raise Wrong(f"'keep' must be one of {', '.join(KEEPS)}, not {given!r:.40}.")
    return given
