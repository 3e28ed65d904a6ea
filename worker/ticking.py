"""Threads that call something every so often: the pulse, the chores that apps have registered, the watch. Pure."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

log = logging.getLogger(__name__)


class Ticking(threading.Thread):
    """Calls ``function``, each time ``around`` it, every so many seconds until stopped, and at once when woken.

    Of failures in a row, the first is logged.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[], Any],
        every: float = 1.0,
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._function = function
        self._every = every
        self._around = around
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
            with self._around():
                self._function()
        except Exception:
            if not self._failing:
                log.exception("%s has failed; it is tried again every %g s until it works.", self.name, self._every)
            self._failing = True
        else:
            if self._failing:
                log.info("%s works again.", self.name)
            self._failing = False

    def wake(self) -> None:
        self._woken.set()

    def stop(self, timeout: float = 2.0) -> None:
        self._over = True
        self.wake()
        self.join(timeout)
