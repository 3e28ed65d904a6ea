"""Looks after the children: starts again what dies, ends all of them in their order, never leaves one behind."""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from dashboard.up.child import Child, describe
from dashboard.up.folder import Refused

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
HEALTHY_AFTER = 60.0
"""Seconds; a child that ran this long and then dies is started again without the growing pause."""
TRIES_AT_START = 3
GLANCE = 0.1


def say(text: str = "") -> None:
    try:
        print(text, flush=True)
    except OSError:  # nobody reads us any more; the children still need somebody
        pass


class Stopping(Exception):
    """Somebody asked `up` to end."""


class Supervisor:
    """Single-threaded on purpose: a child's parent-death signal follows the thread that started it."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.settled = False
        """Whether all was once ready. Before, a child that keeps dying ends the start; after, it is tried for ever."""
        self._asked = 0
        self._pauses: dict[Child, float] = {}
        self._due: dict[Child, float] = {}
        self._deaths: dict[Child, int] = {}

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # os.write, not print: a handler may interrupt a print, which must not be entered twice.
        self._asked += 1
        if self._asked == 1:
            _write_raw("\nStopping. What is under way is finished first; Ctrl-C again ends it at once.\n")
            return
        for child in self.children:
            child.signal(signal.SIGKILL)
        _write_raw("Ended at once. Temporal keeps what was under way for the next start.\n")
        os._exit(130)

    def check(self) -> None:
        """Raise Stopping if somebody asked for the end."""
        if self._asked:
            raise Stopping

    def start(self, child: Child) -> None:
        self.check()
        self.children.append(child)
        child.start()

    def run_to_end(self, child: Child) -> int:
        """A child that is expected to end by itself: its exit code."""
        child.start()
        self.children.append(child)
        try:
            self.wait_until(lambda: not child.running(), besides=child)
        finally:
            child.stop()
            self.children.remove(child)
        return child.exit_code() or 0

    def wait_until(self, condition: Callable[[], bool], besides: Child | None = None) -> None:
        """Until it is true, looking after the children meanwhile (except one that may end)."""
        while True:
            self.check()
            self.look(besides)
            if condition():
                return
            time.sleep(GLANCE)

    def watch(self) -> None:
        """Until somebody asks for the end (then Stopping is raised)."""
        self.wait_until(lambda: False)

    def look(self, besides: Child | None = None) -> None:
        now = time.monotonic()
        for child in self.children:
            code = child.exit_code()
            if code is None or child is besides:
                continue
            if child not in self._due:
                self._mourn(child, code, now)
            elif now >= self._due[child]:
                del self._due[child]
                child.start()
                say(f"{_capital(child.title)} has been started again.")

    def _mourn(self, child: Child, code: int, now: float) -> None:
        self._deaths[child] = self._deaths.get(child, 0) + 1
        if now - child.started_at > HEALTHY_AFTER:
            self._pauses.pop(child, None)
        pause = self._pauses.get(child, FIRST_PAUSE)
        self._pauses[child] = min(pause * 2, LONGEST_PAUSE)
        self._due[child] = now + pause
        say(f"{_capital(child.title)} has stopped ({describe(code)}).")
        if not self.settled:
            self._show(child)
            if self._deaths[child] >= TRIES_AT_START:
                raise Refused(
                    f"{_capital(child.title)} does not stay up, so Leitstand cannot start. Its log is {child.log}."
                )
        say(f"Nothing is lost. It is started again in {pause:g} s.")

    def _show(self, child: Child) -> None:
        say(f"Its last lines, from {child.log}:")
        for line in child.last_lines():
            say(f"    {line}")

    def stop_all(self) -> None:
        """The last started first: the web server, then the worker, which drains into Temporal, then Temporal."""
        for child in reversed(self.children):
            child.stop()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _write_raw(text: str) -> None:
    try:
        os.write(sys.stdout.fileno(), text.encode())
    except (OSError, ValueError):
        pass
