"""What one page reads more than once is read once: its regions share a memory that ends with the page."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpResponse

Read = TypeVar("Read")
View = TypeVar("View", bound=Callable[..., HttpResponse])


class Memory:
    """Of one page. Closed, it keeps nothing: a task that was begun meanwhile may hold on to it."""

    def __init__(self) -> None:
        self.open = True
        self.known: dict[Hashable, Any] = {}

    def once(self, key: Hashable, read: Callable[[], Read]) -> Read:
        if key not in self.known:
            self.known[key] = read()
        found: Read = self.known[key]
        return found


class Shared(Memory):
    """Of all that is read after one write: of those who ask for the same at once, one reads and the others wait."""

    def __init__(self) -> None:
        super().__init__()
        self.made = time.monotonic()
        self._locks: dict[Hashable, threading.RLock] = {}

    def once(self, key: Hashable, read: Callable[[], Read]) -> Read:
        with self._locks.setdefault(key, threading.RLock()):
            return super().once(key, read)


LASTS = 1.0
"""Seconds for which a shared memory is used at most: not every change is told."""

_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)
_shared = Shared()


def shared() -> Shared:
    """That of the last write."""
    global _shared
    if time.monotonic() - _shared.made > LASTS:
        _shared = Shared()
    return _shared


def renew() -> None:
    """Something was written: nothing that was read before counts (the hub says so on a nudge)."""
    global _shared
    _shared = Shared()


def once(key: Hashable, read: Callable[[], Read]) -> Read:
    """``read()``, or what it gave before on this page. Outside a page it is always read."""
    memory = _memory.get()
    return memory.once(key, read) if memory is not None and memory.open else read()


def remember(key: Hashable, known: object) -> None:
    """``once(key, …)`` gives this from now on, on this page: it was read with more of its kind."""
    once(key, lambda: known)


@contextmanager
def remembering(together: Shared | None = None) -> Iterator[None]:
    """One page, or whatever else reads at one moment; ``together`` with all that reads after the same write."""
    memory = together or Memory()
    token = _memory.set(memory)
    try:
        yield
    finally:
        memory.open = memory is together
        _memory.reset(token)


def read_once(view: View) -> View:
    """For a view that only reads and that renders before it returns."""

    @wraps(view)
    def in_memory(*args: Any, **kwargs: Any) -> HttpResponse:
        with remembering():
            return view(*args, **kwargs)

    return in_memory  # type: ignore[return-value]
