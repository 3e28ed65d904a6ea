"""Each call is a line in the file CALLS: its key and when it began, there before anything can happen to the process."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from worker.jobs import job, quick


def note(key: str) -> None:
    file = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{key} {time.time()}\n".encode())
    os.close(file)


@job("counted")
async def counted(*, key: str, item: Any, seconds: float = 0.05) -> Any:
    note(key)
    await asyncio.sleep(seconds)
    return item


@job("counted_quick")
@quick
def counted_quick(*, key: str, item: Any) -> Any:
    note(key)
    return item


@job("deadly")
def deadly(*, key: str, item: Any) -> Any:
    note(key)
    if item == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def mended() -> Path:
    return Path(os.environ["CALLS"]).with_name("mended")


@job("mendable")
async def mendable(*, key: str, item: int) -> Any:
    if not mended().exists():
        raise OSError("the service is down")
    return item


@job("for_even")
async def for_even(*, key: str, item: int) -> Any:
    note(key)
    await asyncio.sleep(0.05)
    if item % 2:
        raise ValueError("only even ones")
    return -item
