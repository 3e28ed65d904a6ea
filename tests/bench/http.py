"""What calling a service for each item costs: bin/bench http [--items N] [--processes N], beside a bare loop.

The bare loop is one process with the same client, as many calls at once, and nothing written down; the batch has one
work process, and then as many as there are cores.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from dashboard.leaving import leave
from tests.bench.measuring.table import Table
from tests.trouble.batch_house import BatchHouse
from worker.chunks.notes import AT_ONCE

CHUNK, TARGET = 2_000, 0.8
KEY = "0b8f4f2e-9f58-4b0e-8f2e-2f8f0b8f4f2e/01a21f1b-27ea-75b6-a6ca-0742c855c76a"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench http", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items (default: 100,000)")
    parser.add_argument("--parallel", type=int, default=4, help="chunks at once, ten calls each (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is measured, in turn (default: 3)")
    some = [1, os.cpu_count() or 1]
    parser.add_argument("--processes", type=int, nargs="*", default=some, help="work processes (default: 1, cores)")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    command = [sys.executable, "-m", "tests.bench.measuring.http_server"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    try:
        for processes in given.processes:
            with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
                more = {"LEITSTAND_WORK_PROCESSES": str(processes)}
                house = BatchHouse(Path(folder), LEITSTAND_HTTP_ALLOWED_HOSTS=f"127.0.0.1:{port}", **more)
                try:
                    measure(house, port, given, processes)
                finally:
                    house.end()
    finally:
        server.kill()
        server.wait()


def measure(house: BatchHouse, port: int, given: argparse.Namespace, processes: int) -> None:
    items = [{"id": n, "name": f"Customer {n}", "city": "Hamburg"} for n in range(given.items)]
    at_once = given.parallel * AT_ONCE
    url = f"http://127.0.0.1:{port}/orders"
    ours(house, url, items[:1_000], given.parallel)
    bares, times = list[float](), list[float]()
    for _ in range(given.rounds):
        bares.append(asyncio.run(bare(url, items, at_once)))
        before = count(port)
        times.append(ours(house, url, items, given.parallel))
        assert count(port) - before == given.items, "each item is called for once"
    table = Table()
    rates = [given.items / statistics.median(each) for each in (bares, times)]
    table.add(f"{given.items:,} items, bare loop, {at_once} at once", f"{rates[0]:,.0f}/s")
    ratio = rates[1] / rates[0]
    table.add(f"the same as a batch, {processes} work processes", f"{rates[1]:,.0f}/s")
    table.add("ratio", f"{ratio:.2f}", f">= {TARGET}", ratio >= TARGET)


def ours(house: BatchHouse, url: str, items: list[Any], parallel: int) -> float:
    began = time.perf_counter()
    args = {"url": url, "keep": "status"}
    handle = house.start(items, "http", job_args=args, chunk_size=CHUNK, max_parallel=parallel)
    result = house.result(handle)
    assert result["successful"] == len(items), result
    return time.perf_counter() - began


def count(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=10) as answer:
        return int(answer.read())


async def bare(url: str, items: list[Any], at_once: int) -> float:
    began = time.perf_counter()
    waiting = enumerate(items)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        await asyncio.gather(*(_lane(session, url, waiting) for _ in range(at_once)))
    return time.perf_counter() - began


async def _lane(session: aiohttp.ClientSession, url: str, waiting: Iterator[tuple[int, Any]]) -> None:
    for number, item in waiting:
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{KEY}/{number}"}
        body = json.dumps(item, separators=(",", ":")).encode()
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            assert answer.status == 200


if __name__ == "__main__":
    main()
    leave(0)
