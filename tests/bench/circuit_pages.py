"""What looking at a circuit costs Temporal: questions a minute with 1 viewer and with 200, and how long a page takes.

python -m tests.bench.circuit_pages [viewers] [seconds]
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path


def main() -> None:
    viewers = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "LEITSTAND_DATA": folder,
            "LEITSTAND_SECRET_KEY": "bench",
            "LEITSTAND_NO_WORKER_SECONDS": "0",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.sqlite3'}",
            "BENCH_VIEWERS": str(viewers),
        }
        command = [sys.executable, "-m", "tests.bench.measuring.circuit_server"]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )  # with a Temporal of its own, which is ended with it
        try:
            assert server.stdout
            port, *cookies = server.stdout.readline().split()
            asyncio.run(measure(int(port), cookies, seconds))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


async def measure(port: int, cookies: list[str], seconds: int) -> None:
    for number in (1, len(cookies)):
        gate, ready = asyncio.Semaphore(50), asyncio.Queue[None]()
        tasks = [asyncio.create_task(watch(port, cookie, gate, ready)) for cookie in cookies[:number]]
        for _ in tasks:
            await ready.get()
        before = asked(port)
        await asyncio.sleep(seconds)
        print(f"{number} viewers: {(asked(port) - before) * 60 / seconds:.0f} questions to Temporal a minute")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for path in ("/circuits/", "/circuits/payments/"):
        times = sorted(took(port, path, cookies[0]) for _ in range(20))
        print(f"{path}: median {times[10] * 1000:.0f} ms, worst of 20 {times[-1] * 1000:.0f} ms")


async def watch(port: int, cookie: str, gate: asyncio.Semaphore, ready: "asyncio.Queue[None]") -> None:
    from websockets.asyncio.client import connect

    regions = "region=circuits:all&region=circuit:payments&region=circuit-past:payments&region=circuit-facts:payments"
    async with gate:
        socket = await connect(
            f"ws://127.0.0.1:{port}/live/?{regions}",
            origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            additional_headers={"Cookie": f"sessionid={cookie}"},
            open_timeout=60,
            max_size=None,
        )
    painted = False
    async for frame in socket:
        if not painted and "circuits:all" in str(frame):
            painted = True
            ready.put_nowait(None)


def asked(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/asked", timeout=10) as answer:
        return int(answer.read())


def took(port: int, path: str, cookie: str) -> float:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": f"sessionid={cookie}"})
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
