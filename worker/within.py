"""Limits of time for calls of which there are thousands a second: all of a loop are looked at ten times a second.

``asyncio.timeout`` sets a timer for each, and takes it away again when the call has ended, as nearly all do in time:
that costs four times as much. What is over here is over up to EVERY late.
"""

import asyncio
from types import TracebackType
from typing import Literal
from weakref import WeakKeyDictionary

EVERY = 0.1


class _Looking:
    """At the limits of one loop; a timer runs while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.limits: set[within] = set()
        self.next = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def by(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.next = when
        self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        for limit in [each for each in self.limits if each.at <= now]:
            limit.strike()
        self.next, self._timer = float("inf"), None
        if self.limits:
            self.by(now + EVERY)


_looking: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Looking]" = WeakKeyDictionary()


class within:
    """Raises TimeoutError where what it holds takes longer: as ``asyncio.timeout`` does. ``expired``: it has struck."""

    __slots__ = ("_cancelling", "_looking", "_task", "at", "expired")

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        looking = _looking.get(loop)
        if looking is None:
            looking = _looking[loop] = _Looking(loop)
        now = loop.time()
        self._task, self._looking, self._cancelling = task, looking, task.cancelling()
        self.at, self.expired = now + seconds, False
        soon = min(self.at, now + EVERY)
        if soon < looking.next:
            looking.by(soon)

    def __enter__(self) -> "within":
        self._looking.limits.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._looking.limits.discard(self)
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
        return False

    def strike(self) -> None:
        if not self.expired:
            self.expired = True
            self._task.cancel()
