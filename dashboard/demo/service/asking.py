"""How the site and the demo's jobs speak to the demo's service: one call, one deadline, an error in words."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import hosts, outgoing
from dashboard.demo.service.knobs import Knobs, token

SOON = 1.0
"""Seconds in which it tells how it is set; a page waits for that."""
MOST = 100_000


class Away(Exception):
    """It does not answer, or not sensibly; the text says so to people."""


class Refused(Exception):
    """It does not take these settings; each of ``errors`` is a sentence."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


class BadAnswer(Exception):
    """A call that it answered with something else than success, as callers see it."""


@dataclass(frozen=True)
class Told:
    """How a service is set, and which calls have arrived there."""

    knobs: Knobs
    lately: int
    seconds: int
    callers_lately: int
    callers: Mapping[str, Mapping[str, Any]]


# --- the site's -----------------------------------------------------------------------------------------------------


def tell(service: str) -> Told:
    return _told(service, _settings("GET", service))


def turn(service: str, knobs: Knobs, *, by: str) -> Told:
    wanted = asdict(replace(knobs, by=by, at=time.time()))
    return _told(service, _settings("PUT", service, json.dumps(wanted).encode()))


def _settings(method: str, service: str, body: bytes = b"") -> Any:
    try:
        answer = _call(method, f"/settings/{service}", SOON, {"Authorization": f"Bearer {token()}"}, body)
        found = json.loads(answer.body)
    except (outgoing.Failed, ValueError):
        raise Away(_away()) from None
    if answer.status in (400, 507) and isinstance(found, dict):
        raise Refused([str(error) for error in found.get("errors", [])])
    if not answer.ok:
        raise Away(_("Something else answers at %(address)s. Start bin/up again.") % {"address": settings.DEMO_SERVICE})
    return found


def _away() -> str:
    said = _("The demo's service does not answer at %(address)s. bin/up starts it again within seconds.")
    return said % {"address": settings.DEMO_SERVICE}


def _told(service: str, found: Any) -> Told:
    try:
        own, arrived = found[service], found[service]["arrivals"]
        knobs = Knobs(**{each.name: own[each.name] for each in fields(Knobs)})
        return Told(knobs, **{name: arrived[name] for name in ("lately", "seconds", "callers_lately", "callers")})
    except (KeyError, TypeError):
        raise Away(_away()) from None


# --- the jobs' ------------------------------------------------------------------------------------------------------


def get(service: str, asked: Mapping[str, str], *, caller: str, timeout: float) -> dict[str, Any]:
    """What it answers; BadAnswer for anything but success, ``outgoing.Failed`` where it does not answer in time."""
    answer = _call("GET", f"/{service}?{urlencode(asked)}", timeout, {"X-Caller": caller})
    found = json.loads(answer.body)
    if not answer.ok:
        raise BadAnswer(f"{answer.status} {found.get('error', '')}".strip())
    return dict(found)


def _call(method: str, target: str, timeout: float, headers: Mapping[str, str], body: bytes = b"") -> outgoing.Answer:
    address = settings.DEMO_SERVICE
    allowed = hosts.read(urlsplit(address).netloc, plain=True)
    return outgoing.call(
        method, f"{address}{target}", allowed=allowed, headers=headers, body=body, timeout=timeout, most=MOST
    )
