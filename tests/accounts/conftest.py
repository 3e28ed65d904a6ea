"""A mail server, letters to send over it, and a courier that does not rest."""

import pytest

from accounts import sending, writing
from accounts.models import Kind, Letter
from accounts.outbox import put
from live.writes import write
from tests.accounts.post import PostOffice
from tests.live.conftest import look, port  # noqa: F401  (fixtures: found by their names here)


@pytest.fixture
def office(settings):
    """Open, and the site's."""
    office = PostOffice()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
    settings.DEFAULT_FROM_EMAIL = "Leitstand <leitstand@example.org>"
    settings.LEITSTAND_BASE_URL, settings.MAIL_IN_LOG = "https://leitstand.example", False
    office.open()
    yield office
    office.close()


@pytest.fixture
def courier(monkeypatch):
    """One that asks the server again at once, however often it did not answer."""
    monkeypatch.setattr(sending, "LONGEST_PAUSE", 0.0)
    return sending.Courier()


@pytest.fixture
def plain(monkeypatch):
    """Letters that say no more than their kind."""
    said = writing.Message("It waits", "It waits.\n", "<p>It waits.</p>")
    monkeypatch.setitem(writing._writers, Kind.LEVEL_WAITS, lambda letter: said)


def with_address(user, address=""):
    user.email = address or f"{user.username}@example.org"
    user.save()
    return user


def letter_to(*people, event="event", kind=Kind.LEVEL_WAITS):
    with write():
        put(kind=kind, event=event, people=people, stream="request:x")
    return list(Letter.objects.filter(event=event))


def due_now():
    """As if the time until the next try had passed."""
    Letter.objects.filter(state=Letter.State.WAITING).update(next_at="2020-01-01T00:00Z")
