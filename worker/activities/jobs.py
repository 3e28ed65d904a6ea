"""The activity that calls jobs steadily: a lane of some seconds, with a heartbeat, that ends early with its worker."""

import asyncio
import itertools
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from temporalio import activity

from worker import jobs, registry
from worker.activities.running import in_thread
from worker.resilience.refusals import CircuitOpen
from worker.traffic import Lane, Stream, Tally

log = logging.getLogger(__name__)

JOBS = ThreadPoolExecutor(16, thread_name_prefix="job")
AT_ONCE = 20
"""Calls under way in one lane: a service that hangs must not pile them up without end."""
BEAT = 2.0


@activity.defn
async def traffic_lane(given: Lane) -> Tally:
    """Its calls, until its time is over or its worker is asked to end; calls under way are waited for."""
    missing = [stream.job for stream in given.streams if registry.jobs.find(stream.job) is None]
    if missing:
        return Tally(missing=missing)
    return await _Lane(given).run()


class _Lane:
    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.tally = Tally()
        self.calls: set[asyncio.Task[None]] = set()
        self.numbers = itertools.count(1)
        self.attempt = activity.info().attempt

    async def run(self) -> Tally:
        streams = [asyncio.create_task(self._stream(stream)) for stream in self.lane.streams]
        over = asyncio.create_task(activity.wait_for_worker_shutdown())
        try:
            await self._beating_until(over)
            await _ended(streams)
            while self.calls:
                activity.heartbeat()
                await asyncio.wait(self.calls, timeout=BEAT)
        finally:
            await _ended([over, *streams, *self.calls])
        return self.tally

    async def _beating_until(self, over: "asyncio.Task[None]") -> None:
        end = time.monotonic() + self.lane.seconds
        while not over.done() and (left := end - time.monotonic()) > 0:
            activity.heartbeat()
            await asyncio.wait({over}, timeout=min(left, BEAT))

    async def _stream(self, stream: Stream) -> None:
        every = 1 / stream.per_second
        await asyncio.sleep(every * random.random())
        for args in itertools.cycle(stream.args):
            if len(self.calls) < AT_ONCE:
                call = asyncio.create_task(self._call(stream.job, args))
                self.calls.add(call)
                call.add_done_callback(self.calls.discard)
            else:
                self.tally += Tally(skipped=1)
            await asyncio.sleep(every * (0.5 + random.random()))

    async def _call(self, job: str, args: dict[str, Any]) -> None:
        """A retried lane makes other calls, not the same again: so the attempt is part of their keys."""
        key = f"{self.lane.key}/{self.attempt}/{next(self.numbers)}"
        try:
            result = await jobs.run(job, args, key=key, in_thread=partial(in_thread, JOBS))
        except CircuitOpen:
            self.tally += Tally(refused=1)
        except Exception as error:
            log.debug("The job %s failed: %s", job, error)
            self.tally += Tally(failed=1)
        else:
            degraded = isinstance(result, dict) and result.get("degraded") is True
            self.tally += Tally(degraded=1) if degraded else Tally(served=1)


async def _ended(tasks: "list[asyncio.Task[None]]") -> None:
    """Cancelled, and waited for: nothing of it goes on after the activity."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
