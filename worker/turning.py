"""Threads that do something every second or so, and at once when woken."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY = 1.0


class Turn(threading.Thread):
    """Calls a function, until it is stopped. Of failures in a row, the first is logged."""

    def __init__(self, name: str, function: Callable[[], None], every: float = EVERY) -> None:
        super().__init__(name=name, daemon=True)
        self._function = function
        self._every = every
        self._woken = threading.Event()
        self._over = False
        self._failing = False

    def run(self) -> None:
        while not self._over:
            self._once()
            self._woken.wait(self._every)
            self._woken.clear()

    def _once(self) -> None:
        try:
            self._function()
        except Exception:
            if not self._failing:
                log.exception("%s has failed; it is tried again every %g s until it works.", self.name, self._every)
            self._failing = True
        else:
            self._failing = False

    def wake(self) -> None:
        self._woken.set()

    def stop(self, timeout: float = 2.0) -> None:
        self._over = True
        self.wake()
        self.join(timeout)
