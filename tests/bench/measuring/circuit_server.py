"""The server that tests/bench/circuit_pages.py looks at: four circuits, reported on each second, and its viewers."""

import os
import socket
import threading
import time
from typing import Any

import django

django.setup()

import uvicorn  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from circuits.models import Circuit  # noqa: E402
from dashboard.asgi import application  # noqa: E402
from live import reader  # noqa: E402
from live.models import Pulse  # noqa: E402
from tests.temporal import QUEUE, InProcess, serve, server, until  # noqa: E402
from worker import client  # noqa: E402

SERVICES = ("payments", "mail", "search", "scoring")
_asked = [0]
_query = reader._query


def counted(*about: Any) -> Any:
    _asked[0] += 1
    return _query(*about)


async def with_the_count(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] != "/bench/asked":
        await application(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": str(_asked[0]).encode()})


def report() -> None:
    """As two callers would, and a worker's pulse beside it."""
    number = 0
    while True:
        number += 1
        for service in SERVICES:
            counts = {"ok": 40, "failed": 1 if number % 7 == 0 else 0, "caller": "worker-1:7", "seq": number}
            given = {"workflow_id": f"circuit-{service}", "task_queue": QUEUE}
            client.signal_with_start("CircuitBreakerWorkflow", [service], "record", [counts], **given)
        row = {"host": "", "pid": 1, "queues": "", "started_at": timezone.now(), "at": timezone.now()}
        Pulse.objects.update_or_create(worker="bench", defaults={**row, "temporal_at": timezone.now()})
        time.sleep(1)


def write_down() -> None:
    """Have a row for each: a list asks of what it has rows of, and the first would come with the first minute."""
    for service in SERVICES:
        given = {"workflow_id": f"circuit-{service}", "task_queue": QUEUE}
        client.signal_with_start("CircuitBreakerWorkflow", [service], "configure", [{"reason": "measured"}], **given)
    until(lambda: Circuit.objects.count() == len(SERVICES), what="each circuit to be written down")


def sessions(number: int) -> list[str]:
    """One person and one session each; every third is of ops."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction

    made = []
    with transaction.atomic():
        for one in range(number):
            user = User.objects.create(username=f"viewer-{one}", password="!")
            user.groups.set(Group.objects.filter(name="ops") if one % 3 == 0 else [])
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            made.append(session.session_key)
    return made


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    reader._query = counted
    cookies = sessions(int(os.environ["BENCH_VIEWERS"]))
    with server():
        InProcess(serve).start()
        threading.Thread(target=report, daemon=True).start()
        write_down()
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        print(listening.getsockname()[1], *cookies, flush=True)
        config = uvicorn.Config(with_the_count, ws="websockets-sansio", lifespan="off", log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
