"""How the children are: the web server is asked as any monitor would, the worker by its pulse."""

import json
import os
import socket
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard.up import ports
from live.models import Pulse


def ask(port: int, timeout: float = 2.0) -> dict[str, Any]:
    """What /healthz says; empty while nobody answers."""
    request = urllib.request.Request(f"http://{ports.HOST}:{port}/healthz", headers={"Host": _host(port)})
    # No proxy: the environment's one would be asked for this very machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return _object(answer.read())
    except urllib.error.HTTPError as error:
        return _object(error.read()) or {"status": f"HTTP {error.code}"}
    except OSError:
        return {}


def worker_is_up(leader: int) -> bool:
    """Whether a process of the worker that leads this group tells that it lives, and reaches Temporal."""
    lately = timezone.now() - timedelta(seconds=5)
    living = Pulse.objects.filter(host=socket.gethostname(), at__gt=lately, temporal_at__gt=lately)
    return any(_group_of(pid) == leader for pid in living.values_list("pid", flat=True))


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _host(port: int) -> str:
    """A name that this site answers to: behind a proxy, 127.0.0.1 may not be one."""
    allowed = settings.ALLOWED_HOSTS
    if not allowed or ports.HOST in allowed or "*" in allowed:
        return f"{ports.HOST}:{port}"
    return str(allowed[0]).lstrip(".")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
