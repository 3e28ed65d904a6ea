"""Notices that no worker runs, and tells ops: the web server does it, for there is no worker that could."""

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.posting import postman
from accounts.sending import courier
from circuits import episodes
from live.queries import ALIVE, last_beat
from live.writes import write

log = logging.getLogger(__name__)

EVERY = 2.0


class Watch(threading.Thread):
    """One in each web process; whichever is first writes the episode down, and there is one."""

    def __init__(self) -> None:
        super().__init__(name="watch", daemon=True)
        self.since = timezone.now()
        """Workers have a while to come up before anybody is told."""
        self._over = threading.Event()
        self._failing = False

    def run(self) -> None:
        while not self._over.wait(EVERY):
            self._safely()

    def _safely(self) -> None:
        """The database may be away, and comes back."""
        close_old_connections()
        try:
            self.look(timezone.now())
            self._failing = False
        except Exception:
            if not self._failing:
                log.exception("Whether a worker runs cannot be seen; it is tried again every %g s.", EVERY)
            self._failing = True
        finally:
            close_old_connections()

    def look(self, now: datetime) -> None:
        last = last_beat()
        if last is not None and last > now - ALIVE:
            _well(last)
        elif now - max(last or self.since, self.since) >= timedelta(seconds=settings.NO_WORKER_SECONDS):
            _none(last or self.since)
            episodes.tell_due()
            courier.go()
            postman.go()

    def stop(self) -> None:
        self._over.set()


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
    if settings.NO_WORKER_SECONDS:
        Watch().start()
