"""What a MapReduce over numbers in a file costs, beside one process that loops: bin/bench mapreduce [--items N]."""

import argparse
import json
import os
import random
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from dashboard.leaving import leave
from tests.bench.measuring.histories import longest_and_largest
from tests.bench.measuring.table import Table, median
from tests.trouble.batch_house import BatchHouse, group_of

CHUNK, PARALLEL, TIMES = 10_000, 10, 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench mapreduce", description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000, help="numbers in the file (default: 1,000,000)")
    some = [1, os.cpu_count() or 1]
    parser.add_argument("--processes", type=int, nargs="*", default=some, help="work processes (default: 1, cores)")
    return parser.parse_args()


def main() -> None:
    given, table = arguments(), Table()
    for processes in given.processes:
        with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
            house = BatchHouse(Path(folder), LEITSTAND_WORK_PROCESSES=str(processes))
            try:
                measure(Bench(house), table, given.items, processes)
            finally:
                house.end()
    table.say()


class Bench:
    def __init__(self, house: BatchHouse) -> None:
        self.house = house

    def file(self, items: int) -> Path:
        path = self.house.folder / "uploads" / f"{items}.jsonl"
        path.parent.mkdir(exist_ok=True)
        draw = random.Random(7)
        with path.open("w") as file:
            file.writelines(f'{{"value": {draw.randrange(10**6) / 100}}}\n' for _ in range(items))
        return path

    def loop(self, path: Path) -> tuple[float, dict[str, Any]]:
        """Seconds, and what comes of it: as anybody would write it."""
        began, total, count = time.perf_counter(), 0.0, 0
        with path.open() as file:
            for line in file:
                total += json.loads(line)["value"]
                count += 1
        return time.perf_counter() - began, {"total": total, "count": count, "average": total / count}

    def ours(self, path: Path) -> tuple[float, WorkflowHandle[Any, Any], Any]:
        house, id = self.house, f"batch-{uuid.uuid4()}"
        source = {"uri": path.as_uri(), "format": "jsonl"}
        args = [source, "map_values", "reduce_values", CHUNK, PARALLEL]
        began = time.perf_counter()
        handle = house.run(
            house.client.start_workflow("MapReduceWorkflow", args=args, id=id, task_queue="leitstand")  # type: ignore[arg-type]
        )
        while house.run(handle.describe()).close_time is None:
            time.sleep(0.02)
        return time.perf_counter() - began, handle, house.run(handle.result())


class Memory(threading.Thread):
    """The most that the worker's processes had together, in megabytes, of what each has by itself or shares."""

    def __init__(self, house: BatchHouse) -> None:
        super().__init__(daemon=True)
        self.house, self.most, self.over = house, 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.most = max(self.most, sum(map(_proportional, group_of(self.house.worker))) / 1024)


def _proportional(pid: int) -> int:
    """Kilobytes; what several processes share counts once among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measure(bench: Bench, table: Table, items: int, processes: int) -> None:
    file = bench.file(items)
    bench.ours(bench.file(10_000))
    memory = Memory(bench.house)
    memory.start()
    runs = [(bench.loop(file), bench.ours(file)) for _ in range(TIMES)]
    memory.over.set()
    memory.join()
    looped, seconds = median([loop[0] for loop, _ours in runs]), median([ours[0] for _loop, ours in runs])
    (_, wanted), (_, handle, found) = runs[-1]
    assert found["count"] == wanted["count"] == items, found
    assert abs(found["total"] - wanted["total"]) < 1e-6 * wanted["total"], (found, wanted)
    table.add(f"{items:,} numbers, one process that loops", f"{looped:.2f} s")
    table.add(f"{items:,} numbers, mapped and reduced, {processes} work processes", f"{seconds:.2f} s")
    table.add("  compared", f"{seconds / looped:.2f} times", "<= 3", seconds <= 3 * looped)
    longest, largest = longest_and_largest(bench.house, handle)
    table.add("Longest history of a run", f"{longest:,} events", "<= 10,000", longest <= 10_000)
    table.add("Largest payload, as base64", f"{largest:,} bytes", "<= 64 KB", largest <= 65_536)
    table.add("Worker's memory, all its processes, at most", f"{memory.most:.0f} MB", "< 300 MB", memory.most < 300)


if __name__ == "__main__":
    main()
    leave(0)
