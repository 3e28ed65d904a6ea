"""Threads that call something about once a second: the pulse, and the chores that apps have registered."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connections

log = logging.getLogger(__name__)


class Ticking(threading.Thread):
    """Calls ``function`` every so many seconds until stopped. Of failures in a row, the first is logged."""

    def __init__(self, name: str, function: Callable[[], Any], every: float = 1.0) -> None:
        super().__init__(name=name, daemon=True)
        self._function = function
        self._every = every
        self._over = threading.Event()
        self._failing = False

    def run(self) -> None:
        while not self._over.is_set():
            self._once()
            self._over.wait(self._every)
        connections.close_all()

    def _once(self) -> None:
        close_old_connections()
        try:
            self._function()
        except Exception:
            if not self._failing:
                log.exception("%s has failed; it is tried again every %g s until it works.", self.name, self._every)
            self._failing = True
        else:
            if self._failing:
                log.info("%s works again.", self.name)
            self._failing = False
        finally:
            close_old_connections()

    def stop(self, timeout: float = 2.0) -> None:
        self._over.set()
        self.join(timeout)
