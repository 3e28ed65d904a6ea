"""A real `manage.py up`, driven from outside as a person or a service manager would."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dashboard.up import ports

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = 90.0
"""Seconds: far more than anything here needs; a limit, not a measure."""

_SET_FROM_OUTSIDE = ("LEITSTAND_", "TEMPORAL_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")


def surroundings(**more: str) -> dict[str, str]:
    """This process's environment without what would configure Leitstand."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SET_FROM_OUTSIDE)} | more


def until(condition: Callable[[], Any], what: str, limit: float = LONG) -> Any:
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {limit:g} s for: {what}"
        time.sleep(0.05)
    return found


class Up:
    """One run of the command; what it says is collected as it says it."""

    def __init__(self, data: Path, port: int | None = None, *, demo: bool = False, **more: str) -> None:
        self.data = data
        self.port = port or ports.any_free()
        command = [
            sys.executable,
            str(ROOT / "manage.py"),
            "up",
            *([] if demo else ["--no-demo"]),
            f"--port={self.port}",
            "--data",
            str(data),
        ]
        self.patience = 3 * LONG if demo else LONG  # the demo's forty requests are told one by one
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(command, env=surroundings(**more), cwd=data.parent, **pipes)
        self.lines: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as said:
            for line in said:
                self.lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def ready(self) -> "Up":
        line = f"Leitstand is ready: http://127.0.0.1:{self.port}"
        until(lambda: line in self.lines or self.process.poll() is not None, "the ready line", self.patience)
        assert line in self.lines, self.said
        return self

    def hears(self, words: str) -> None:
        until(lambda: words in self.said, f"{words!r} in:\n{self.said}")

    def ended(self, limit: float = LONG) -> int:
        code = self.process.wait(limit)
        self._listener.join(limit)
        return code

    def end(self) -> None:
        """After a test: gone, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._listener.join(5)

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return dict(json.load(answer))
        except OSError:
            return {}

    def children(self) -> dict[str, int]:
        """The process of each child, by what it runs: temporal, worker, web, and with the demo its service: demo."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        found = {}
        for line in listed.splitlines():
            pid, parent, command = line.split(None, 2)
            if int(parent) == self.process.pid and (name := _name(command)):
                found[name] = int(pid)
        return found

    def child(self, name: str) -> int:
        """The process of one child, once it runs."""
        return until(lambda: self.children().get(name, 0), f"{name} to run")

    @property
    def temporal_port(self) -> int:
        return int(json.loads((self.data / "ports.json").read_text())["temporal"])

    def temporal(self, *arguments: str) -> str:
        """Temporal's own command-line tool, on this server."""
        binary = str(Path(sys.executable).parent / "temporal")
        command = [binary, *arguments, "--address", f"127.0.0.1:{self.temporal_port}"]
        ran = subprocess.run(command, env=surroundings(), capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def _name(command: str) -> str:
    signs = {
        "temporal": r"start-dev",
        "worker": r"manage\.py worker",
        "web": r"uvicorn",
        "demo": r"manage\.py demo_service",
    }
    for name, sign in signs.items():
        if re.search(sign, command):
            return name
    return ""


def alive(pid: int) -> bool:
    """Whether this process still runs; one that is dead and only not yet fetched does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
