"""The loops that chunks wait on: one of their own each, or the one that those of cooperative jobs share.

Loops in many threads take the interpreter from each other at every answer that comes: one that serves all of them
needs half the processor time. But whoever blocks it blocks all of them, so it is only for jobs that say they do not.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")
log = logging.getLogger(__name__)


def run(work: Coroutine[Any, Any, T], *, shared: bool) -> T:
    """Until it has ended; meanwhile this thread waits."""
    if shared:
        return asyncio.run_coroutine_threadsafe(work, _SHARED.loop()).result()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


class _Shared:
    """Begun when it is first needed: no thread would outlive a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = uvloop.new_event_loop()
                threading.Thread(target=_serve, args=[self._loop], name="chunks", daemon=True).start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """For ever: what a task of a job raises to end its process, ends the loop, and would leave all chunks waiting."""
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            log.error("A task of a job raised %r in the loop that chunks share. The others go on.", error)


_SHARED = _Shared()
