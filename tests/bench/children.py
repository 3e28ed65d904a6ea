"""What children of a batch cost: bin/bench children [--items N] [--parallel N], an item to a child, beside bare ones.

A bare child has one activity that gives its number back, as many at once, on the same Temporal server.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from temporalio.client import Client

from dashboard.leaving import leave
from tests.bench.measuring.bare_children import QUEUE, BareParent, Job
from tests.bench.measuring.table import Table
from tests.trouble.batch_house import BatchHouse

TARGET = 0.8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench children", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="items, each a child (default: 10,000)")
    parser.add_argument("--parallel", type=int, default=50, help="children at once (default: 50)")
    parser.add_argument("--rounds", type=int, default=1, help="times that each is measured, in turn (default: 1)")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        house = BatchHouse(Path(folder))
        worker = subprocess.Popen([sys.executable, "-m", "tests.bench.measuring.bare_children", house.address])
        try:
            measure(house, given)
        finally:
            worker.kill()
            worker.wait()
            house.end()


def measure(house: BatchHouse, given: argparse.Namespace) -> None:
    ours(house, 50, given.parallel)
    asyncio.run(bare(house.address, 50, given.parallel))
    bares, times = list[float](), list[float]()
    for _ in range(given.rounds):
        bares.append(asyncio.run(bare(house.address, given.items, given.parallel)))
        times.append(ours(house, given.items, given.parallel))
    table = Table()
    rates = [given.items / statistics.median(each) for each in (bares, times)]
    table.add(f"{given.items:,} bare children, {given.parallel} at once", f"{rates[0]:,.1f}/s")
    table.add("as many items of a batch, a child each, none lost", f"{rates[1]:,.1f}/s")
    ratio = rates[1] / rates[0]
    table.add("ratio", f"{ratio:.2f}", f">= {TARGET}", ratio >= TARGET)


def ours(house: BatchHouse, items: int, parallel: int) -> float:
    began = time.perf_counter()
    handle = house.start(list(range(items)), "echo", strategy="child_per_item", max_parallel=parallel)
    result: dict[str, Any] = _ended(house, handle)
    seconds = time.perf_counter() - began
    assert (result["status"], result["successful"]) == ("completed", items), result
    found = [line["result"] for line in house.results(result)]
    assert found == list(range(items)), "each item's result, once, in order"
    return seconds


def _ended(house: BatchHouse, handle: Any) -> dict[str, Any]:
    while house.run(handle.describe()).close_time is None:
        time.sleep(0.2)
    return dict(house.run(handle.result()))


async def bare(address: str, children: int, parallel: int) -> float:
    client = await Client.connect(address)
    began = time.perf_counter()
    id = f"bare-{uuid.uuid4()}"
    done = await client.execute_workflow(BareParent.run, args=[Job(children), parallel], id=id, task_queue=QUEUE)
    assert done == children
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
    leave(0)
