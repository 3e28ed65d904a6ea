"""What one page reads more than once is read once: its regions share a memory that ends with the page."""

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


_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)


def once(key: Hashable, read: Callable[[], Read]) -> Read:
    """``read()``, or what it gave before on this page. Outside a page, as in the stream, it is always read."""
    memory = _memory.get()
    if memory is None or not memory.open:
        return read()
    if key not in memory.known:
        memory.known[key] = read()
    found: Read = memory.known[key]
    return found


@contextmanager
def remembering() -> Iterator[None]:
    """One page, or whatever else reads at one moment."""
    memory = Memory()
    token = _memory.set(memory)
    try:
        yield
    finally:
        memory.open = False
        _memory.reset(token)


def read_once(view: View) -> View:
    """For a view that only reads and that renders before it returns."""

    @wraps(view)
    def in_memory(*args: Any, **kwargs: Any) -> HttpResponse:
        with remembering():
            return view(*args, **kwargs)

    return in_memory  # type: ignore[return-value]
