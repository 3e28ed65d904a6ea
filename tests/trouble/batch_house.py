"""A worker process and a Temporal server that can be killed, and what the jobs called meanwhile wrote down."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from tests import readymade
from tests.temporal import SCRIPTS, free_port
from tests.temporal import run as on_loop
from tests.up.running import ROOT, surroundings, until


class Kill(NamedTuple):
    """When the process was dead, and what its checkpoints say is done: the keys."""

    at: float
    done: frozenset[str]


class BatchHouse:
    """All of its state is in one folder."""

    def __init__(self, folder: Path, **surrounded: str) -> None:
        self.folder, self.calls_file = folder, folder / "calls"
        self.calls_file.touch()
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = surroundings(
            LEITSTAND_DATA=str(folder),
            CALLS=str(self.calls_file),
            TEMPORAL_ADDRESS=self.address,
            DJANGO_SETTINGS_MODULE="tests.trouble.counting.settings",
            PYTHONPATH=str(ROOT),
            **surrounded,
        )
        self.kills: list[Kill] = []
        self.temporal = self._temporal()
        readymade.tables(folder)
        self.worker = self._manage("worker")
        self.client = until(self._connected, "Temporal to answer")

    # --- processes ----------------------------------------------------------------------------------------------

    def _temporal(self) -> "subprocess.Popen[bytes]":
        command = [str(SCRIPTS / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
        command += ["--port", self.address.rpartition(":")[2], "--log-level", "error"]
        command += ["--dynamic-config-value", "matching.enableFairness=true"]
        command += ["--db-filename", str(self.folder / "temporal.sqlite3")]
        command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, start_new_session=True, **quiet)  # type: ignore[call-overload, no-any-return]

    def _manage(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen(command, env=self.environment, stdout=said, stderr=said, start_new_session=True)

    def _connected(self) -> Client | None:
        try:
            return self.run(Client.connect(self.address))
        except (RuntimeError, RPCError):
            return None

    def kill_worker(self) -> None:
        self._kill(self.worker)
        self.worker = self._manage("worker")

    def kill_temporal(self) -> None:
        self._kill(self.temporal)
        self.temporal = self._temporal()

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        _dead(process)
        self.kills.append(Kill(time.time(), frozenset(self._done())))

    def revive(self) -> bool:
        """Start the worker again if it has died: as whoever looks after it would."""
        if self.worker.poll() is None:
            return False
        self.worker = self._manage("worker")
        return True

    def drain_worker(self) -> int:
        """Ask it to end, and start another; how it ended."""
        old = self.worker
        old.send_signal(signal.SIGTERM)
        code = old.wait(60)
        self.worker = self._manage("worker")
        return code

    def forget(self) -> None:
        """What was called, and killed, in an earlier test."""
        self.calls_file.write_text("")
        self.kills.clear()

    def end(self) -> None:
        for process in (self.worker, self.temporal):
            _dead(process)

    # --- batches ------------------------------------------------------------------------------------------------

    def run(self, call: Any) -> Any:
        """On the loop of the product's client, as every test does."""
        return on_loop(call)

    def upload(self, lines: list[Any]) -> str:
        path = self.folder / "uploads" / f"{uuid.uuid4()}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path.as_uri()

    def start(self, lines: list[Any], job: str, **spec: Any) -> WorkflowHandle[Any, Any]:
        source = {"uri": self.upload(lines), "format": "jsonl"}
        given = {"title": "Under fire", "job": job, "source": source, **spec}
        id = f"batch-{uuid.uuid4()}"
        return self.run(self.client.start_workflow("BatchWorkflow", given, id=id, task_queue="leitstand"))

    def result(self, handle: WorkflowHandle[Any, Any], reviving: bool = False) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            if reviving:
                self.revive()
            if self.run(handle.describe()).close_time is None:
                return None
            return dict(self.run(handle.result()))

        return dict(until(there, "the batch to end", 240))

    def results(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        content = Path(result["results"]["uri"].removeprefix("file://")).read_text()
        return [json.loads(line) for line in content.splitlines()]

    # --- what was called ----------------------------------------------------------------------------------------

    def calls(self) -> list[tuple[str, float]]:
        lines = [line.split() for line in self.calls_file.read_text().splitlines()]
        return [(key, float(at)) for key, at in lines]

    def until_called(self, number: int) -> None:
        until(lambda: os.stat(self.calls_file).st_size and len(self.calls()) >= number, f"{number} calls", 180)

    def called_twice(self) -> list[str]:
        return [key for key, number in Counter(key for key, _ in self.calls()).items() if number > 1]

    def _done(self) -> Iterator[str]:
        for folder in (self.folder / "batches").glob("*"):
            order = json.loads((folder / "order.json").read_bytes())
            for checkpoint in (folder / "work").glob("*.json"):
                first = int(checkpoint.name.partition("-")[0]) * order["data"]["chunk_size"]
                for start, end in json.loads(checkpoint.read_bytes())["done"]:
                    yield from (f"{order['key']}/{first + place}" for place in range(start, end))

    def needlessly(self) -> list[str]:
        """Keys that were called after a kill, though what was written down by then says that they were done."""
        return [
            key for kill in self.kills for key in {key for key, at in self.calls() if at > kill.at} if key in kill.done
        ]


def group_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The living processes of one that was started with a session of its own."""
    listed = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    lines = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, group, state in lines if int(group) == process.pid and not state.startswith("Z")]


def _dead(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has begun: when this returns none of them writes any more."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    until(lambda: not group_of(process), "all of its processes to be dead")
