"""The server that tests/bench/live.py looks at: a region of 4 KB that changes twice a second, and its viewers."""

import os
import socket
import threading
import time

import django

django.setup()

import uvicorn  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.template import engines  # noqa: E402
from django.template.loaders.locmem import Loader  # noqa: E402

from dashboard.asgi import application  # noqa: E402
from live.hub import nudge  # noqa: E402
from live.regions import Region, register  # noqa: E402

written = [0.0]


@register
class Bench(Region):
    name = "bench"
    template = "bench.html"
    interval = 60.0

    def may_watch(self, user, key):
        return True

    def audience(self, user, key):
        return ""

    def read(self, key, audience):
        return {"at": f"{written[0]:.6f}"}


def sessions(number: int) -> list[str]:
    """One person and one session each, in one transaction."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction

    made = []
    with transaction.atomic():
        for one in range(number):
            user = User.objects.create(username=f"viewer-{one}", password="!")
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            made.append(session.session_key)
    return made


def change() -> None:
    while True:
        time.sleep(0.5)
        written[0] = time.time()
        nudge()


def main() -> None:
    engine = engines["django"].engine
    page = "<p>written {{ at }} </p>" + "<p>some words of a list</p>" * 140
    engine.template_loaders = [Loader(engine, {"bench.html": page}), *engine.template_loaders]
    call_command("migrate", verbosity=0)
    cookies = sessions(int(os.environ["BENCH_VIEWERS"]))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    threading.Thread(target=change, daemon=True).start()
    print(listening.getsockname()[1], *cookies, flush=True)
    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        lifespan="off",
        log_level="warning",
        ws_per_message_deflate=os.environ.get("BENCH_DEFLATE") == "1",
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
