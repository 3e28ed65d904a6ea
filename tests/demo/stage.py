"""Temporal, a worker and the demo's service as processes of their own, on a data folder of their own, for the demo."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from dashboard.up import ports
from tests import readymade
from tests.up.running import ROOT, surroundings, until

PASSWORD = "the demo's own"


class Stage:
    """A Leitstand without its web server."""

    def __init__(self, data: Path) -> None:
        self.data = data
        port, service = ports.any_free(), ports.any_free()
        self.environment = surroundings(
            LEITSTAND_DATA=str(data),
            LEITSTAND_DEMO="1",
            LEITSTAND_DEMO_PASSWORD=PASSWORD,
            LEITSTAND_DEMO_SERVICE=f"http://127.0.0.1:{service}",
            TEMPORAL_ADDRESS=f"127.0.0.1:{port}",
        )
        temporal = [str(Path(sys.executable).parent / "temporal"), "server", "start-dev", "--headless"]
        temporal += ["--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"]
        self.processes = [self._start("temporal", temporal)]
        readymade.tables(data)
        until(lambda: ports.answers(port), "Temporal to answer")
        self.processes.append(self._start("service", self._command("demo_service", "--port", str(service))))
        self.processes.append(self._start("worker", self._command("worker")))
        until(lambda: self.rows("select 1 from live_pulse where temporal_at is not null"), "the worker to beat")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.data / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def manage(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | more
        return subprocess.run(
            self._command(*arguments), env=environment, capture_output=True, text=True, timeout=150, check=False
        )

    def load_and_be_killed(self, requests: int) -> None:
        """Start to load the demo; kill it as soon as there are so many requests."""
        loading = self._start("demo", self._command("demo"))
        until(lambda: self.count("approvals_request") >= requests, "some requests")
        os.killpg(loading.pid, signal.SIGKILL)
        loading.wait()

    def said(self, code: str) -> object:
        """What a line of Python, run as the product, prints as JSON."""
        ran = self.manage("shell", "-v", "0", "-c", code)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def rows(self, sql: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.data / 'leitstand.sqlite3'}?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchall()

    def count(self, table: str) -> int:
        return int(self.rows(f"select count(*) from {table}")[0][0])

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
