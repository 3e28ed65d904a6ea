"""The activities of what a schedule starts, handed to services: the one that reads a file on the queue for work."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from temporalio import activity

from worker import registry
from worker.activities.running import in_thread
from worker.clock_wire import BeginRun, BegunRun, StopRun

THREAD = ThreadPoolExecutor(2, thread_name_prefix="schedules")


@activity.defn
async def begin_scheduled(given: BeginRun) -> BegunRun:
    return await in_thread(THREAD, registry.call, "schedules.begin", given)  # type: ignore[no-any-return]


@activity.defn
async def stop_scheduled(given: StopRun) -> bool:
    done: Any = await in_thread(THREAD, registry.call, "schedules.stop", given)
    return bool(done)
