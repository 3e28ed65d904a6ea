"""What big data costs: bin/bench data [--rounds N]. A payload of 1 MB, packed and not; 100 MB by reference; 1 KB."""

import argparse
import asyncio
import json
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from dashboard.leaving import leave
from tests.bench.measuring.histories import longest_and_largest
from tests.bench.measuring.table import Table, median, ms
from tests.trouble.batch_house import BatchHouse
from worker.converter import CONVERTER
from worker.payloads.config import KB, config

SLOWER, SMALLER, LONGER = 1.3, 5.0, 1.3
SMALL, BIG = 75, 5_300_000
"""Numbers: lines of 1 KB in all, and of 100 MB."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench data", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times that each is measured, in turn (default: 5)")
    return parser.parse_args()


def main() -> None:
    given, table = arguments(), Table()
    asyncio.run(in_memory(table, given.rounds * 20))
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        house = BatchHouse(Path(folder))
        try:
            through_temporal(house, table, given.rounds * 6)
            by_reference(house, table, given.rounds)
        finally:
            house.end()
    table.say()


def orders(size: int = 1_000_000) -> dict[str, Any]:
    """JSON as programs have it."""
    rows, number = list[dict[str, Any]](), 0
    while size > 0:
        number += 1
        city = ("Hamburg", "Aachen", "Köln")[number % 3]
        rows.append({"id": f"R-{number:07}", "customer": f"Customer {number * 7919 % 9973}", "city": city,
                     "amount": round(number * 17.31 % 997, 2), "open": number % 5 == 0})  # fmt: skip
        size -= len(json.dumps(rows[-1]))
    return {"orders": rows}


async def in_memory(table: Table, rounds: int) -> None:
    """From a value to what is sent, and back."""
    value, took, sizes = orders(), {0: list[float](), 64 * KB: list[float]()}, {}
    for _ in range(rounds):
        for threshold, times in took.items():
            config.pack_from = threshold
            began = time.perf_counter()
            sent = await CONVERTER.encode([value])
            await CONVERTER.decode(sent)
            times.append(time.perf_counter() - began)
            sizes[threshold] = sum(map(Payload.ByteSize, sent))
    plain, packed = (median(times) for times in took.values())
    table.add("1 MB of JSON, to a payload and back", ms(plain))
    table.add("the same, packed", ms(packed))
    table.add("ratio", f"{packed / plain:.2f}", f"<= {SLOWER}", packed / plain <= SLOWER)
    smaller = sizes[0] / sizes[64 * KB]
    table.add("so many times smaller", f"{smaller:.1f}", f">= {SMALLER:g}", smaller >= SMALLER)


def through_temporal(house: BatchHouse, table: Table, rounds: int) -> None:
    """Into a workflow, which reads it and ends at once for what is missing in it."""
    client = house.run(Client.connect(house.address, data_converter=CONVERTER))
    value, took = orders(), {0: list[float](), 64 * KB: list[float]()}
    for _ in range(rounds):
        for threshold, times in took.items():
            config.pack_from = threshold
            began = time.perf_counter()
            id = f"dataset-{uuid.uuid4()}"
            house.run(client.execute_workflow("DatasetWorkflow", value, id=id, task_queue="leitstand"))
            times.append(time.perf_counter() - began)
    plain, packed = (median(times) for times in took.values())
    table.add("1 MB of JSON into a workflow, until it has answered", ms(plain))
    table.add("the same, packed", ms(packed))
    table.add("ratio", f"{packed / plain:.2f}", f"<= {SLOWER}", packed / plain <= SLOWER)


def by_reference(house: BatchHouse, table: Table, rounds: int) -> None:
    """What passes through the workflow is the same, however much there is."""
    tasks: dict[int, list[float]] = {SMALL: [], BIG: []}
    whole: dict[int, list[float]] = {SMALL: [], BIG: []}
    sizes, largest = {}, 0
    for _ in range(rounds):
        for count in (SMALL, BIG):
            spec = {"loader": "numbers", "loader_args": {"count": count}, "processor": "count"}
            began, id = time.perf_counter(), f"dataset-{uuid.uuid4()}"
            started = house.client.start_workflow("DatasetWorkflow", spec, id=id, task_queue="leitstand")
            handle = house.run(started)
            result = house.result(handle)
            assert result["result"]["lines"] == count, result
            whole[count].append(time.perf_counter() - began)
            tasks[count] += task_times(house, handle)
            sizes[count] = result["size"]
            largest = max(largest, longest_and_largest(house, handle)[1])
    small, big = (median(tasks[count]) for count in (SMALL, BIG))
    table.add(f"data set of {sizes[SMALL] / 1e3:.1f} KB: a workflow task", ms(small))
    table.add(f"data set of {sizes[BIG] / 1e6:.0f} MB: a workflow task", ms(big))
    table.add("ratio", f"{big / small:.2f}", f"<= {LONGER}", big / small <= LONGER)
    table.add("largest payload, as base64", f"{largest:,} characters")
    table.add("from the start to the end", " and ".join(f"{median(whole[count]):.2f} s" for count in (SMALL, BIG)))


def task_times(house: BatchHouse, handle: Any) -> list[float]:
    """Seconds from each workflow task's begin to its end, as Temporal wrote them down."""
    begun, took = 0.0, list[float]()
    for event in house.run(handle.fetch_history()).events:
        kind, at = event.WhichOneof("attributes"), event.event_time.ToNanoseconds() / 1e9
        if kind == "workflow_task_started_event_attributes":
            begun = at
        elif kind == "workflow_task_completed_event_attributes":
            took.append(at - begun)
    return took


if __name__ == "__main__":
    main()
    leave(0)
