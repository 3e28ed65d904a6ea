"""Whose turn it is to keep the interpreter busy: batch by batch, so that no small one waits behind a large one."""

import threading
import time
from collections import deque
from types import TracebackType

HANGS = 1.0
"""Who has its turn for so many seconds hangs: whoever waits then goes without waiting for it."""


class Turns:
    """Chunks that read and compute. Fifty at once are no faster, and nobody else would have a turn. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        """When the turn was given; None: nobody has it."""
        self._waiting: dict[str, deque[threading.Event]] = {}
        """By batch: the one that waits longest for a turn of any of its chunks comes first."""

    def take(self, batch: str) -> bool:
        """False: it goes without."""
        mine = threading.Event()
        with self._lock:
            if self._since is None:
                self._since = time.monotonic()
                return True
            self._waiting.setdefault(batch, deque()).append(mine)
        while not mine.wait(HANGS):
            with self._lock:
                if not mine.is_set() and self._since is not None and time.monotonic() - self._since > HANGS:
                    self._forget(batch, mine)
                    return False
        return True

    def give(self) -> None:
        """To a chunk of the next batch, which then stands last."""
        with self._lock:
            batch = next(iter(self._waiting), None)
            if batch is None:
                self._since = None
                return
            waiting = self._waiting.pop(batch)
            self._since = time.monotonic()
            waiting.popleft().set()
            if waiting:
                self._waiting[batch] = waiting

    def _forget(self, batch: str, one: threading.Event) -> None:
        self._waiting[batch].remove(one)
        if not self._waiting[batch]:
            del self._waiting[batch]


TURNS = Turns()


class Turn:
    """A chunk's own."""

    def __init__(self, batch: str) -> None:
        self.batch = batch
        self._held = False
        self.stood = 0.0
        """Seconds that it has waited for it."""

    def __enter__(self) -> "Turn":
        began = time.perf_counter()
        self._held = TURNS.take(self.batch)
        self.stood += time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def give_back(self) -> None:
        if self._held:
            self._held = False
            TURNS.give()

    def next(self) -> None:
        """Whoever waits comes first."""
        if self._held:
            self.give_back()
            self.__enter__()
