"""Batches of both kinds, ours and of the bare SDK: how long they take, how much processor time, what they leave."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from tests.bench.measuring.bare_batch import QUEUE, BareBatch, Job
from tests.trouble.batch_house import BatchHouse, group_of

CHUNK, PARALLEL = 500, 50
ALL = 100_000
"""Processor time is told for so many items."""


def write_file(folder: Path, items: int) -> Path:
    path = folder / f"{items}.csv"
    folder.mkdir(exist_ok=True)
    with path.open("w") as file:
        file.write("id,name,city,amount\n")
        file.writelines(f"{n},Customer {n},Hamburg,{n % 997}.50\n" for n in range(items))
    return path


@dataclass
class Ran:
    """``processor``: seconds for 100,000 items, of the server and all that works; ``asked``: how long each question
    for its progress took; ``seen``: items that had ended then, and processor time by then."""

    seconds: float
    processor: float
    asked: list[float] = field(default_factory=list)
    seen: list[tuple[int, float]] = field(default_factory=list)

    def flat(self) -> float | None:
        """What an item costs in the second half, compared with the first; None where it went too fast to tell."""
        seen = [each for each in self.seen if each[0]]
        middle = next((place for place, each in enumerate(seen) if each[0] >= seen[-1][0] / 2), 0)
        if middle < 3 or len(seen) - middle < 4:
            return None
        first, second = _costs(seen[0], seen[middle]), _costs(seen[middle], seen[-1])
        return second / first


def _costs(one: tuple[int, float], other: tuple[int, float]) -> float:
    return (other[1] - one[1]) / max(1, other[0] - one[0])


class Bench:
    """Runs batches of both kinds, and looks at what they leave."""

    def __init__(self, house: BatchHouse) -> None:
        self.house = house
        command = [sys.executable, "-m", "tests.bench.measuring.bare_batch", house.address]
        self.worker = subprocess.Popen(command)

    def end(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def file(self, items: int) -> Path:
        return write_file(self.house.folder / "uploads", items)

    def index(self, path: Path) -> Path:
        """Where each chunk of the bare batch begins and ends: made beforehand, and not counted."""
        marks, at = [], 0
        with path.open("rb") as file:
            at = len(file.readline())
            for number, line in enumerate(file):
                if number % CHUNK == 0:
                    marks.append(at)
                at += len(line)
        ends = [*marks[1:], at]
        to = path.with_suffix(".marks")
        to.write_bytes(b"".join(n.to_bytes(8, "big") for pair in zip(marks, ends, strict=True) for n in pair))
        return to

    def bare(self, items: int, path: Path | None) -> Ran:
        chunks = -(-items // CHUNK)
        job = Job(chunks, CHUNK, str(path) if path else "", str(self.index(path)) if path else "")

        async def run() -> float:
            began = time.perf_counter()
            client = await Client.connect(self.house.address)
            await client.execute_workflow(
                BareBatch.run, args=[job, PARALLEL], id=f"bare-{uuid.uuid4()}", task_queue=QUEUE
            )
            return time.perf_counter() - began

        before = self._processor([self.worker.pid])
        seconds = asyncio.run(run())
        return Ran(seconds, (self._processor([self.worker.pid]) - before) * ALL / items)

    def _processor(self, pids: Iterable[int]) -> float:
        """Seconds that the server and these have used."""
        return sum(map(_used, [self.house.temporal.pid, *pids]))

    def ours(self, path: Path) -> tuple[Ran, WorkflowHandle[Any, Any]]:
        spec = {"title": "Bench", "job": "echo", "source": {"uri": path.as_uri()}}
        spec |= {"chunk_size": CHUNK, "max_parallel": PARALLEL}
        house, ran, over, workers = self.house, Ran(0.0, 0.0), threading.Event(), group_of(self.house.worker)
        before, began = self._processor(workers), time.perf_counter()
        handle = house.run(
            house.client.start_workflow("BatchWorkflow", spec, id=f"batch-{uuid.uuid4()}", task_queue="leitstand")
        )
        asking = threading.Thread(target=self._ask, args=(handle, ran, over, workers))
        asking.start()
        result = _result(house, handle)
        ran.seconds = time.perf_counter() - began
        ran.processor = (self._processor(workers) - before) * ALL / result["total"]
        over.set()
        asking.join()
        assert result["successful"] == result["total"] > 0, result
        return ran, handle

    def _ask(self, handle: WorkflowHandle[Any, Any], ran: Ran, over: threading.Event, workers: list[int]) -> None:
        while not over.wait(0.5):
            began = time.perf_counter()
            try:
                told = self.house.run(handle.query("get_progress"))
            except RPCError:  # not in time, which counts too
                continue
            finally:
                ran.asked.append(time.perf_counter() - began)
            ran.seen.append((told["succeeded"], self._processor(workers)))
            if told["state"] != "preparing":
                assert sum(told[name] for name in ("succeeded", "running", "pending", "failed")) == told["total"]

    def resident(self) -> float:
        """Megabytes of the worker, without what its processes share."""
        return sum(map(_unshared, group_of(self.house.worker))) / 1024


def _result(house: BatchHouse, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    while house.run(handle.describe()).close_time is None:
        time.sleep(0.2)
    return dict(house.run(handle.result()))


def _used(pid: int) -> float:
    """Seconds of processor time."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def _unshared(pid: int) -> int:
    """Kilobytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
