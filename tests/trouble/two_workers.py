"""Temporal, the demo's service and two worker processes with traffic, each of which may be killed and started again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dashboard.up import ports
from tests import readymade
from tests.demo.service import Service
from tests.up.running import ROOT, until

SERVICE = "recommendations"
OPEN_SECONDS, LEASE_SECONDS, CALL_SECONDS = 15, 6, 8

REGISTER = f"""
from django.contrib.auth.models import User
from circuits.models import Rung, Service
from circuits.services import save_service
admin = User.objects.create_superuser("admin")
service = Service(name="{SERVICE}", timeout_seconds={OPEN_SECONDS}, probe_lease_seconds={LEASE_SECONDS})
rungs = [Rung(position=0, name="learned", timeout_seconds={CALL_SECONDS}, attempts=1), Rung(position=1, name="rules")]
save_service(service=service, rungs=rungs, reason="to be watched", by=admin)
"""
TRAFFIC = """
from dataclasses import asdict
from worker import client
from worker.traffic import Plan, Stream
streams = [Stream("recommend", 16.0, [{"customer": "voss"}, {"customer": "kern"}])]
plan = asdict(Plan(streams, lanes=8, lane_seconds=4.0))
client.signal_with_start("TrafficWorkflow", [plan], "steer", [plan], workflow_id="traffic", task_queue="leitstand")
"""


class TwoWorkers:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = ports.any_free()
        self.service = Service(data, TEMPORAL_ADDRESS=f"127.0.0.1:{self.port}")
        self.environment = self.service.environment | {
            "LEITSTAND_DEMO_SERVICE": self.service.address,
            "LEITSTAND_WORK_PROCESSES": "0",  # two callers, each under the name of its one process
        }
        self.service.set(SERVICE, failure_rate=0, latency_seconds=0.02)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start("temporal")
        readymade.tables(data)
        self.manage("shell", "-v", "0", "-c", REGISTER)
        self.start("one")
        self.start("two")
        self.manage("shell", "-v", "0", "-c", TRAFFIC)

    # --- its processes --------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        command = self._temporal() if name == "temporal" else [sys.executable, str(ROOT / "manage.py"), "worker"]
        with (self.data / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        if name == "temporal":
            until(lambda: ports.answers(self.port), "Temporal to answer")

    def _temporal(self) -> list[str]:
        command = [str(Path(sys.executable).parent / "temporal"), "server", "start-dev", "--headless"]
        command += ["--ip", "127.0.0.1", "--port", str(self.port), "--log-level", "error"]
        command += ["--db-filename", str(self.data / "temporal.db")]
        return [*command, "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def caller(self, name: str) -> str:
        """How this worker is called by circuits and by the service."""
        return f"{os.uname().nodename}:{self.processes[name].pid}"

    def worker_of(self, caller: str) -> str:
        """Which of the two a caller, or the owner of a trial, is; "" for one that is dead."""
        return next((name for name in ("one", "two") if caller.partition("/")[0] == self.caller(name)), "")

    def end(self) -> None:
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes.values()):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.service.stop()

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    # --- what is known of it --------------------------------------------------------------------------------------

    def asked(self, workflow_id: str, query: str) -> dict[str, Any]:
        """What a workflow answers; {} while it cannot be asked."""
        binary = str(Path(sys.executable).parent / "temporal")
        command = [binary, "workflow", "query", "--workflow-id", workflow_id, "--type", query, "--output", "json"]
        ran = subprocess.run(
            [*command, "--address", f"127.0.0.1:{self.port}"],
            env=self.environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return dict(json.loads(ran.stdout)["queryResult"][0]) if ran.returncode == 0 else {}

    def circuit(self) -> dict[str, Any]:
        return self.asked(f"circuit-{SERVICE}", "get_state")

    def trials(self) -> list[str]:
        """The owners of the trials that are out."""
        return [probe["owner"] for probe in self.circuit().get("probes") or []]

    def is_now(self, state: str) -> dict[str, Any]:
        """Until the entity says so, and the index row too; what the entity says."""
        until(lambda: self.circuit().get("state") == state, f"the circuit to be {state}")
        until(lambda: self.row("state") == state, f"the row to say {state}")
        return self.circuit()

    def row(self, column: str) -> Any:
        found = self.rows(f"select {column} from circuits_circuit where service = ?", SERVICE)
        return found[0][0] if found else None

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.data / 'leitstand.sqlite3'}?mode=ro", uri=True) as connection:
            return connection.execute(sql, values).fetchall()

    def changes(self) -> list[tuple[str, str]]:
        """From which state to which, in their order."""
        sql = "select source, target from circuits_change where kind = 'changed' order by number"
        return [(source, target) for source, target in self.rows(sql)]

    # --- the calls ------------------------------------------------------------------------------------------------

    def last_call(self) -> dict[str, float]:
        """When each caller's last call arrived at the service."""
        callers = self.service.told(SERVICE)["arrivals"]["callers"]
        return {name: seen["last_at"] for name, seen in callers.items()}

    def both_call(self) -> None:
        """Until a call of each of the two has arrived that was made after now."""
        since = time.time()
        names = [self.caller("one"), self.caller("two")]

        def there() -> bool:
            last = self.last_call()
            return all(last.get(name, 0.0) > since for name in names)

        until(there, "calls of both workers")

    def served_instead(self) -> int:
        """How many calls a fallback has served, as the circuit was told."""
        return int(sum((self.circuit().get("totals") or {}).get("fallback", {}).values()))
