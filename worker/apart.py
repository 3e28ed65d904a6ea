"""A worker in several processes: what batches compute delays no decision, and what kills its process kills no other.

The command's own process forks one for each part, and again where one dies; it does nothing else, has no threads, and
never uses Temporal, so that every process begins from a clean one.
"""

import ctypes
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_ASKING = (signal.SIGINT, signal.SIGTERM)
TO_END = signal.SIGUSR1
"""What a part is asked to end by: the others reach it, too, where they are sent to a group or to all of a service."""
GIVES_WAY = 5
"""Added to the nice value: where both want the same core, it gets a third of what the other gets."""
SOON, LONGEST_PAUSE = 5.0, 5.0
"""One that lived for less seconds than SOON is begun again after a pause, longer from time to time."""


def die_with(parent: int) -> None:
    """On Linux, have the kernel kill this process when its parent is killed. Fit for between fork and exec."""
    if _libc is None:
        return
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the kernel knew
        os._exit(1)


def give_way() -> None:
    """Where all cores are busy, whoever applies decisions comes first."""
    os.nice(GIVES_WAY)


class Parts:
    """Of one worker. The first signal lets all of them drain, the second ends them at once."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._running: dict[int, tuple[int, float]] = {}
        self._asked = 0
        self._code = 0
        self._pause = 0.0

    def fork(self) -> int:
        """Returns in each process of a part, with its number; here it raises SystemExit once all of them have ended."""
        for number in _ASKING:
            signal.signal(number, self._on_signal)
        # What is there already lives for ever: nobody looks through it for garbage, and its memory stays shared.
        gc.collect()
        gc.freeze()
        for part in range(self.number):
            if self._begin(part):
                return part
        while self._running:
            pid, status = os.wait()
            part, begun = self._running.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if self._asked:
                self._code = self._code or (0 if code == -TO_END else abs(code))  # that one had not even begun
            elif self._again(part, code, begun):
                return part
        raise SystemExit(self._code)

    def _again(self, part: int, code: int, begun: float) -> bool:
        how = f"signal {-code}" if code < 0 else f"code {code}"
        log.warning("A process of the worker has ended by itself (%s). Another takes its place.", how)
        lived = time.monotonic() - begun
        self._pause = min(max(self._pause * 2, 0.25), LONGEST_PAUSE) if lived < SOON else 0.0
        until = time.monotonic() + self._pause
        while time.monotonic() < until and not self._asked:
            time.sleep(0.05)
        return not self._asked and self._begin(part)

    def _begin(self, part: int) -> bool:
        """Whether this is the new process."""
        own = os.getpid()
        with _unasked():
            pid = os.fork()
            if pid:
                self._running[pid] = (part, time.monotonic())
                return False
            for number in _ASKING:
                signal.signal(number, signal.SIG_IGN)
            die_with(own)
        return True

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        for pid in self._running:
            os.kill(pid, TO_END if self._asked == 1 else signal.SIGKILL)
        if self._asked > 1:
            os._exit(128 + number)


@contextmanager
def _unasked() -> Iterator[None]:
    """Nobody is asked to end between a process's birth and its being known."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)
