"""Notices that no worker runs, and tells ops: the web server does it, for there is no worker that could."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.posting import postman
from accounts.sending import courier
from circuits import episodes
from circuits.unread import looking
from live.queries import ALIVE, last_beat
from live.writes import write
from worker.ticking import Ticking

EVERY = 2.0


class Watch:
    """One in each web process; whichever is first writes the episode down, and there is one."""

    def __init__(self) -> None:
        self.since = timezone.now()
        """Workers have a while to come up before anybody is told."""

    def look(self, now: datetime) -> None:
        last = last_beat()
        if last is not None and last > now - ALIVE:
            _well(last)
        elif now - max(last or self.since, self.since) >= timedelta(seconds=settings.NO_WORKER_SECONDS):
            _none(last or self.since)
            looking.look()
            episodes.tell_due()
            courier.go()
            postman.go()


def _well(at: datetime) -> None:
    if episodes.going_on(episodes.WORKER):
        with write():
            episodes.end(episodes.WORKER, at=at)


def _none(since: datetime) -> None:
    if not episodes.going_on(episodes.WORKER):
        with write():
            episodes.begin(episodes.WORKER, at=since, cause=_("No worker has shown a pulse since then."))


def start() -> None:
    """Called where a web server begins."""
    watch = Watch()
    if settings.NO_WORKER_SECONDS:
        Ticking("the watch", lambda: watch.look(timezone.now()), EVERY, _with_the_database).start()


@contextmanager
def _with_the_database() -> Iterator[None]:
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
