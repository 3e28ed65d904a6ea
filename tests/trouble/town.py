"""Temporal on a file, workers and callers, each a process of its own that can be killed and started again."""

import json
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from tests import readymade
from tests.temporal import SCRIPTS, free_port, run
from tests.up.running import ROOT, surroundings, until
from worker.converter import CONVERTER


class Process:
    """One that can be killed as if the machine had died, and started again."""

    def __init__(self, command: list[str], **more: Any) -> None:
        self.command = command
        self.more = more
        self.start()

    def start(self) -> None:
        self.running = subprocess.Popen(self.command, cwd=ROOT, text=True, **self.more)

    def kill(self) -> None:
        self.running.send_signal(signal.SIGKILL)
        self.running.wait(30)

    def end(self) -> None:
        """As a supervisor would."""
        self.running.terminate()
        self.running.wait(60)

    def close(self) -> None:
        """What is written to a process that was killed goes nowhere."""
        for pipe in (self.running.stdin, self.running.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Calling(Process):
    """A process that calls a service (tests.trouble.caller)."""

    def do(self, what: str, number: float | str = 1) -> Any:
        self.ask(what, number)
        return self.answer()

    def ask(self, what: str, number: float | str = 1) -> None:
        assert self.running.stdin
        print(json.dumps([what, number]), file=self.running.stdin, flush=True)

    def answer(self) -> Any:
        assert self.running.stdout
        return json.loads(self.running.stdout.readline())

    def one(self, what: str = "well") -> str:
        answer: str = self.do(what)[0]
        return answer

    def serve(self, service: str) -> bool:
        """Call this one from now on; false where it is dead."""
        if self.running.poll() is not None:
            return False
        self.do("serve", service)
        return True

    def state(self) -> str:
        answer: str = self.do("peek")["state"]
        return answer


class Town:
    """What the product runs, without its web."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = surroundings(
            LEITSTAND_DATA=str(data), TEMPORAL_ADDRESS=self.address, LEITSTAND_DEMO="0",
            DJANGO_SETTINGS_MODULE="dashboard.settings",
        )  # fmt: skip
        self.processes: list[Process] = []
        self._client: Client | None = None
        self.temporal = self._begin(
            [
                str(SCRIPTS / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
                "--port", self.address.rpartition(":")[2], "--log-level", "error",
                "--db-filename", str(data / "temporal.sqlite3"),
                "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        readymade.tables(data)
        self.worker = self._begin(self._manage("worker"), stderr=subprocess.DEVNULL)

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def _begin(self, command: list[str], **more: Any) -> Process:
        made = Process(command, env=self.environment, **more)
        self.processes.append(made)
        return made

    def caller(self, service: str) -> Calling:
        made = Calling(
            [sys.executable, "-m", "tests.trouble.caller", service], env=self.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(made)
        return made

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.close()

    # --- what entities say --------------------------------------------------------------------------------------

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = until(self._connect, "Temporal to answer")
        return self._client

    def _connect(self) -> Client | None:
        try:
            return run(Client.connect(self.address, data_converter=CONVERTER))  # type: ignore[no-any-return]
        except RuntimeError:
            return None  # it is still starting

    def service(self, **config: Any) -> str:
        """A service with an entity that is set to this, and has written down that it is."""
        name = f"payments-{uuid.uuid4().hex[:8]}"
        given = {"args": [name, config], "id": f"circuit-{name}", "task_queue": "leitstand"}
        run(self.client.start_workflow("CircuitBreakerWorkflow", **given))
        until(lambda: self.row(name), "the entity's row")
        return name

    def told(self, service: str) -> dict[str, Any] | None:
        """What its entity says; None where nobody answers just now."""
        handle = self.client.get_workflow_handle(f"circuit-{service}")
        try:
            return run(handle.query("get_state"))  # type: ignore[no-any-return]
        except RPCError:
            return None

    def becomes(self, service: str, state: str) -> dict[str, Any]:
        found = until(lambda: (now := self.told(service)) and now["state"] == state and now, f"{service} to be {state}")
        assert isinstance(found, dict)
        return found

    def counts(self, service: str) -> dict[str, int] | None:
        told = self.told(service)
        return told and {name: told["totals"][name] for name in ("ok", "failed", "refused")}

    def row(self, service: str) -> tuple[str] | None:
        with sqlite3.connect(f"file:{self.data / 'leitstand.sqlite3'}?mode=ro", uri=True) as connection:
            sql = "select state from circuits_circuit where service = ?"
            return connection.execute(sql, [service]).fetchone()
