"""One child process: started in a session of its own, its words kept in a file, never left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from worker.apart import die_with


class Child:
    """A program that `up` looks after. ``title`` is its name within a sentence; ``patience`` its seconds to stop in."""

    def __init__(
        self, title: str, command: Sequence[str], environment: Mapping[str, str], log: Path, patience: float
    ) -> None:
        self.title = title
        self.command = list(command)
        self.environment = dict(environment)
        self.log = log
        self.patience = patience
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self._log_before = 0

    def start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches only `up`, which then ends the children in their order.
        with self.log.open("ab") as output:
            self._log_before = output.tell()
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(die_with, os.getpid()),
            )
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """None while it runs (or has never been started)."""
        return self.process.poll() if self.process else None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """To the child and all that it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except (ProcessLookupError, PermissionError):  # gone already
                pass

    def stop(self) -> None:
        """Ask it to end; after its patience, end it."""
        if not self.running():
            self.signal(signal.SIGKILL)  # whatever it may have left behind
            return
        assert self.process is not None
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.kill()
        self.signal(signal.SIGKILL)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of what it has said since its last start."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(self._log_before, file.tell() - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]


def describe(code: int) -> str:
    """An exit code, and what it usually means."""
    if code == -signal.SIGKILL:
        return "killed by signal 9: somebody, or the system when short of memory, has ended it"
    if code < 0:
        return f"ended by signal {-code}: {signal.strsignal(-code)}"
    if code == 0:
        return "exit code 0: it ended by itself, without being asked to"
    return f"exit code {code}: its log says why"
