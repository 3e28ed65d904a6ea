"""1,000 viewers of one region in one process: how soon a write is on their pages. Prints, judges nothing.

python -m tests.bench.live [viewers] [seconds]
"""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    viewers = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "LEITSTAND_DATA": folder,
            "LEITSTAND_SECRET_KEY": "bench",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.sqlite3'}",
            "BENCH_VIEWERS": str(viewers),
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.live_server"], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            port, *cookies = server.stdout.readline().split()
            asyncio.run(measure(int(port), cookies, seconds, server.pid))
        finally:
            server.terminate()
            server.wait(20)


async def measure(port: int, cookies: list[str], seconds: int, pid: int) -> None:
    ages: list[float] = []
    frames = [0]
    gate = asyncio.Semaphore(50)
    began = time.monotonic()
    ready: asyncio.Queue[None] = asyncio.Queue()
    tasks = [asyncio.create_task(watch(port, cookie, gate, ready, ages, frames)) for cookie in cookies]
    for _ in cookies:
        await ready.get()
    print(f"{len(cookies)} viewers connected and painted after {time.monotonic() - began:.1f} s")
    ages.clear()
    frames[0] = 0
    before = processor(pid)
    await asyncio.sleep(seconds)
    busy = (processor(pid) - before) / seconds
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    ages.sort()
    print(f"server: {memory(pid)} MB, {busy * 100:.0f} % of a core; load of the machine {os.getloadavg()[0]:.1f}")
    print(
        f"{len(ages)} changes seen, {frames[0] / seconds:.0f} frames/s; from the write to the page: "
        f"median {statistics.median(ages) * 1000:.0f} ms, 95 % {ages[int(len(ages) * 0.95)] * 1000:.0f} ms, "
        f"worst {ages[-1] * 1000:.0f} ms"
    )


async def watch(port: int, cookie: str, gate: asyncio.Semaphore, ready, ages: list[float], frames: list[int]) -> None:
    from websockets.asyncio.client import connect

    async with gate:
        socket = await connect(
            f"ws://127.0.0.1:{port}/live/?region=bench",
            origin=f"http://127.0.0.1:{port}",
            additional_headers={"Cookie": f"sessionid={cookie}"},
            open_timeout=60,
        )
    last = None
    async for frame in socket:
        frames[0] += 1
        if found := re.search(r"written ([\d.]+) ", frame):
            if last is None:
                ready.put_nowait(None)
            elif found[1] != last:
                ages.append(time.time() - float(found[1]))
            last = found[1]


def memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def processor(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
