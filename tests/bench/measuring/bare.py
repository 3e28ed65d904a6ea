"""The bare SDK, to compare with: a signal, an activity that commits one row, and a read that sees it.

python -m tests.bench.measuring.bare ADDRESS FILE runs its worker.
"""

import asyncio
import sqlite3
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

QUEUE = "bare"


@workflow.defn
class Bare:
    """Waits for one decision, has it recorded, and says so."""

    def __init__(self) -> None:
        self.decision, self.recorded = "", False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: bool(self.decision))
        await workflow.execute_activity("record", self.decision, start_to_close_timeout=timedelta(seconds=10))
        self.recorded = True
        return self.decision

    @workflow.signal
    def decide(self, decision: str) -> None:
        self.decision = decision

    @workflow.query
    def is_recorded(self) -> bool:
        return self.recorded


def opened(file: str) -> sqlite3.Connection:
    """As durable as the product's own."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=20)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS decision (id TEXT PRIMARY KEY, at REAL)")
    return connection


async def serve(address: str, file: str) -> None:
    connection = opened(file)

    @activity.defn
    def record(decision: str) -> bool:
        connection.execute("INSERT OR IGNORE INTO decision VALUES (?, ?)", (decision, time.time()))
        return True

    with ThreadPoolExecutor(1) as pool:
        client = await Client.connect(address)
        await Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[record], activity_executor=pool).run()


class BareClient:
    """Decides as the simplest program would."""

    def __init__(self, address: str, folder: Path) -> None:
        self.file = str(folder / "bare.sqlite3")
        self.connection = opened(self.file)
        command = [sys.executable, "-m", "tests.bench.measuring.bare", address, self.file]
        self.worker = subprocess.Popen(command)
        self.loop = asyncio.new_event_loop()
        self.client = self.loop.run_until_complete(Client.connect(address))

    def start(self, count: int) -> list[WorkflowHandle[Bare, str]]:
        async def all_of_them() -> list[WorkflowHandle[Bare, str]]:
            made = [
                await self.client.start_workflow(Bare.run, id=f"bare-{uuid.uuid4()}", task_queue=QUEUE)
                for _ in range(count)
            ]
            for each in made:
                await each.query(Bare.is_recorded)
            return made

        return self.loop.run_until_complete(all_of_them())

    def until_row(self, handle: WorkflowHandle[Bare, str]) -> float:
        """Seconds from the signal until the row is read."""
        return self.loop.run_until_complete(self._decide(handle, self._row))

    def until_query(self, handle: WorkflowHandle[Bare, str]) -> float:
        """Seconds from the signal until the workflow says that it is recorded."""
        return self.loop.run_until_complete(self._decide(handle, self._asked))

    async def _decide(self, handle: WorkflowHandle[Bare, str], read: object) -> float:
        decision, begun, pause = str(uuid.uuid4()), time.perf_counter(), 0.004
        await handle.signal(Bare.decide, decision)
        while not await read(handle, decision):  # type: ignore[operator]
            await asyncio.sleep(pause)
            pause = min(pause * 1.15, 0.05)
        return time.perf_counter() - begun

    async def _row(self, _handle: WorkflowHandle[Bare, str], decision: str) -> bool:
        return bool(self.connection.execute("SELECT 1 FROM decision WHERE id = ?", (decision,)).fetchone())

    async def _asked(self, handle: WorkflowHandle[Bare, str], _decision: str) -> bool:
        return await handle.query(Bare.is_recorded)

    def end(self) -> None:
        self.worker.terminate()
        self.worker.wait(20)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
