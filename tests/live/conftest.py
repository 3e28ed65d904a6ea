"""A real server on a real port, in a thread of the test's own process, and pages that look at it."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from live import reader
from live.models import Pulse
from live.writes import write
from tests.live import regions
from tests.live.browser import Page


@pytest.fixture(autouse=True)
def _templates(settings):
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], Path(__file__).parent / "templates"]}
    ]
    regions.reads.clear()
    regions.broken.clear()
    regions.times.clear()


@pytest.fixture
def port(transactional_db, monkeypatch):
    """The server, on its own port, for one test."""
    monkeypatch.setattr("live.queries._temporal_answers", lambda: True)
    from dashboard.asgi import application

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    config = uvicorn.Config(application, ws="websockets-sansio", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listening.close()
    assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def sign_in(transactional_db) -> Callable[..., tuple[User, str]]:
    """A person in these groups, signed in: the user, and the session's cookie."""

    def make(username: str, *groups: str, superuser: bool = False) -> tuple[User, str]:
        user = User.objects.create_user(username, password="pass", is_superuser=superuser)
        for name in groups:
            user.groups.add(Group.objects.get_or_create(name=name)[0])
        return user, session_of(user)

    return make


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
def asked(monkeypatch):
    """Every question that goes out to Temporal, by its workflow."""
    seen: Counter[str] = Counter()
    query = reader._query

    def counted(workflow_id, *rest):
        seen[workflow_id] += 1
        return query(workflow_id, *rest)

    monkeypatch.setattr(reader, "_query", counted)
    return seen


@pytest.fixture
def look(port):
    """Open a page; it is closed when the test ends."""
    opened: list[Page] = []

    def open_page(*names: str, **more) -> Page:
        opened.append(Page(port, *names, **more))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()


def write_down(text: str, key: str = "red") -> None:
    """A service writes: committed, then nudged."""
    row = {"host": "", "pid": 1, "queues": text, "started_at": timezone.now(), "at": timezone.now()}
    with write():
        Pulse.objects.update_or_create(worker=f"board {key}", defaults=row)


def eventually(condition: Callable[[], bool], limit: float = 15.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)
