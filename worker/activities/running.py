"""How an activity runs: a synchronous service on threads of its own, with database connections handled and a heartbeat.

Recording has four threads, so that a slow action never delays a decision (on SQLite one writer holds the lock anyway);
actions have sixteen. The heartbeat comes from the event loop while the thread works, so that a killed worker is noticed
in seconds and not after the whole timeout.
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from temporalio import activity

from worker.tidying import tidied

RECORDING = ThreadPoolExecutor(4, thread_name_prefix="recording")
ACTIONS = ThreadPoolExecutor(16, thread_name_prefix="action")


async def in_thread(pool: ThreadPoolExecutor, function: Callable[..., Any], *args: Any, every: float = 1.0) -> Any:
    """Run a service in a thread of the pool, beating every so many seconds."""
    context = contextvars.copy_context()
    call = functools.partial(context.run, tidied, function, *args)
    running = asyncio.get_running_loop().run_in_executor(pool, call)
    while True:
        done, _ = await asyncio.wait({running}, timeout=every)
        if done:
            return running.result()
        activity.heartbeat()
