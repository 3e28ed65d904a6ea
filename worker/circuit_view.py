"""One circuit as this process sees it, shared by the threads that call, hear and report."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from worker.resilience.caller import Caller
from worker.resilience.report import Report

ABOUT = 0.9
"""Seconds after which a turn of about a second is due."""


class View:
    """Whoever touches ``caller`` holds ``lock``, and only for a moment."""

    __slots__ = ("begins", "caller", "deaf", "given_up", "lock", "sending", "service", "tried_at", "urgent", "used_at")

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.service = caller.service
        self.lock = threading.Lock()
        self.used_at = time.monotonic()
        self.tried_at = float("-inf")
        self.urgent = False
        self.sending = False
        self.begins = False
        """Whether its entity has to be begun with the next report: none ran."""
        self.deaf = False
        """Whether the last try to tell it went wrong."""
        self.given_up: deque[str] = deque()
        """Leases of trials that were given up: without the lock, for that may happen while this thread holds it."""

    @property
    def told(self) -> bool:
        """Whether all that was counted has arrived."""
        return self.caller.outbox.empty and not self.given_up

    def waiting(self) -> Report | None:
        """What is to be sent next; what is gathered stays where it is."""
        with self.lock:
            ready = self.caller.outbox.ready
            return ready[0] if ready else None

    def due(self, now: float) -> bool:
        """Whether there is something to be sent now. What was gathered is put together for it, if nothing waits."""
        outbox = self.caller.outbox
        with self.lock:
            while self.given_up:
                self.urgent = True
                outbox.trial(self.given_up.popleft(), None, False, "")
            if outbox.empty:
                return False
            self.used_at = now
            if self.sending or not (self.urgent or now - self.tried_at >= ABOUT):
                return False
            outbox.seal_if_none_waits()
            return True

    def arrived(self, report: Report) -> None:
        with self.lock:
            self.caller.outbox.arrived(report.seq)


class Views(Protocol):
    def __call__(self) -> Iterable[View]: ...
