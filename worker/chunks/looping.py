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
ENDING = (SystemExit, KeyboardInterrupt)
"""What ends a loop, whichever of its tasks raises it: a job's own task must not leave others waiting."""
GOES_ON = "A task of a job raised %r in a loop of chunks. The others go on."


def run(work: Coroutine[Any, Any, T], *, shared: bool) -> T:
    """Until it has ended; meanwhile this thread waits."""
    if shared:
        return asyncio.run_coroutine_threadsafe(work, _SHARED.loop()).result()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        task = runner.get_loop().create_task(work)
        while True:
            try:
                return runner.get_loop().run_until_complete(task)
            except ENDING as error:
                if task.done():
                    raise
                log.error(GOES_ON, error)


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
    """For ever."""
    while True:
        try:
            loop.run_forever()
        except ENDING as error:
            log.error(GOES_ON, error)


_SHARED = _Shared()
