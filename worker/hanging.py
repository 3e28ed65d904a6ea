"""Calls that were given up on and have not come back: their threads cannot be ended, so a process bears a number. Pure.

A process that does nothing but work is replaced then (``worker.running``); any other begins no more that may hang.
"""

import threading
from concurrent.futures import Future
from typing import Any

from worker.resilience.fallback import NotAgain


class TooManyHang(NotAgain):
    """This worker begins no more: trying again here will not help. Another one would run it."""


class Hanging:
    """Of this process. Any thread."""

    most = 200

    def __init__(self) -> None:
        self.number = 0
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        return self.number >= self.most

    def refuse(self) -> None:
        """Raises TooManyHang where no more are borne."""
        if self.full:
            raise TooManyHang(f"{self.most} calls hang in this worker already, so it begins none that may hang too.")

    def add(self, call: "Future[Any]") -> None:
        """Until it comes back."""
        self._count(1)
        call.add_done_callback(lambda _call: self._count(-1))

    def _count(self, by: int) -> None:
        with self._lock:
            self.number += by


HANGING = Hanging()
