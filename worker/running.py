"""The worker process: connects with patience, serves its queues, beats once a second, and ends in two stages."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

from django.conf import settings
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from worker import client, queues, registry, scheduling, tracing
from worker.apart import TO_END
from worker.database import with_the_database
from worker.guard import guard
from worker.hanging import HANGING
from worker.lines import name_the_runs
from worker.payloads import sizes, unread
from worker.queues import Queue
from worker.slots import Counting
from worker.steps import WORK_QUEUE
from worker.ticking import Ticking

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
FLUSH = 2.0
"""Seconds at most for what circuits have not been told yet."""
FRESH = 3.0
"""Seconds for which Temporal's last answer counts."""


class Process:
    """One worker process. The first signal drains, the second ends it at once.

    ``part``: its number among those of its worker. The first of them does the chores. ``replaced``: if it ends,
    another takes its place.
    """

    def __init__(self, serving: Sequence[Queue], part: int = 0, *, replaced: bool = False) -> None:
        self.serving = serving
        self.part = part
        self.replaced = replaced and all(queue.name == WORK_QUEUE for queue in serving)
        self.started_at = datetime.now(UTC)
        self.host = socket.gethostname()
        self.name = f"{self.host}:{os.getpid()}:{int(self.started_at.timestamp())}"
        self.counting = {queue.name: Counting() for queue in serving}
        self._temporal_answered = float("-inf")
        self._asked = 0
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: list[Ticking] = []

    # --- the life of it -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, TO_END):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        name_the_runs()
        tracing.begin("leitstand-worker")
        self._start_ticking()
        try:
            await self._serve_until_asked(_runtime(self.part))
            # No activity runs any more: what they counted in the last second goes out before the process ends.
            await asyncio.to_thread(guard.flush, FLUSH)
            await asyncio.to_thread(_last_sizes)
            await asyncio.to_thread(tracing.end)
        finally:
            for thread in self._ticking:
                thread.stop()
        log.info("The worker has ended; nothing was under way any more.")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked > 1:
            os._exit(128 + number)  # at once: what was under way is tried again by Temporal
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        log.info(
            "Asked to end: taking nothing new, finishing what is under way (%g s at most).", _seconds(queues.DRAIN)
        )
        self._stop.set()

    def _give_up(self) -> None:
        """Where too many calls hang: only the end of the process ends their threads."""
        if self.replaced and HANGING.full and not self._stop.is_set():
            assert self._loop is not None
            log.error("%d calls hang in this process: it ends, and another takes its place.", HANGING.number)
            self._loop.call_soon_threadsafe(self._drain)

    async def _serve_until_asked(self, runtime: Runtime | None) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(10):
                    connected = await client.connect(runtime=runtime, patient=True)
                pause = FIRST_PAUSE
                await self._serve(connected)
            except Exception as error:
                log.warning("Temporal cannot be used now; trying again in %g s. (%s)", pause, error)
                await self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            pass

    async def _serve(self, connected: Client) -> None:
        """Until asked to end, or until a worker fails for good; then all of them are drained."""
        workers = [queues.worker(connected, queue, self.name, self.counting[queue.name]) for queue in self.serving]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        others = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._listen(connected))]
        schedule = asyncio.create_task(self._keep_the_schedule(connected))
        log.info("Serving %s.", self._queue_names())
        await asyncio.wait([*running, *others], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(worker.shutdown() for worker in workers), return_exceptions=True)
        for other in (*others, schedule):
            other.cancel()
        for ended in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    async def _keep_the_schedule(self, connected: Client) -> None:
        if any(queue.workflows for queue in self.serving):
            await scheduling.keep(connected)

    # --- what it says about itself ------------------------------------------------------------------------------

    def _start_ticking(self) -> None:
        chores = {
            "the pulse": self._beat,
            "the sizes of payloads": sizes.hand_on,
            "payloads that cannot be read": unread.hand_on,
            "calls that hang": self._give_up,
            **({} if self.part else registry.chores()),
        }
        self._ticking = [Ticking(name, chore, around=with_the_database) for name, chore in chores.items()]
        for thread in self._ticking:
            thread.start()

    async def _listen(self, connected: Client) -> None:
        """Ask Temporal every second whether it is there; the pulse carries the answer."""
        while True:
            try:
                if await connected.service_client.check_health(timeout=timedelta(seconds=1)):
                    self._temporal_answered = time.monotonic()
            except Exception as error:  # it is away: that is what the missing answer says
                log.debug("Temporal does not answer: %s", error)
            await asyncio.sleep(1)

    def _beat(self) -> Any:
        registry.call(
            "live.beat",
            worker=self.name,
            host=self.host,
            pid=os.getpid(),
            queues=self._queue_names(),
            started_at=self.started_at,
            temporal_ok=time.monotonic() - self._temporal_answered < FRESH,
            serving={queue.name: self._offered(queue) for queue in self.serving},
        )

    def _offered(self, queue: Queue) -> dict[str, Any]:
        return {
            "slots": queue.slots,
            "used": self.counting[queue.name].now,
            "per_second": queue.per_second,
            "queue_per_second": queue.queue_per_second,
            "hanging": HANGING.number if queue.name == WORK_QUEUE else 0,
        }

    def _queue_names(self) -> str:
        return ", ".join(queue.name for queue in self.serving)


def _runtime(part: int) -> Runtime | None:
    """With the SDK's metrics on LEITSTAND_METRICS_PORT, if that is set, each part's on the next one.

    A taken port costs the metrics only.
    """
    wanted = settings.LEITSTAND_METRICS_PORT
    if not wanted:
        return None
    try:
        port = int(wanted) + part
        return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=f"127.0.0.1:{port}")))
    except (RuntimeError, ValueError) as error:
        log.warning("No metrics: port %s, or the one of this part, cannot be used. (%s)", wanted, error)
        return None


def _last_sizes() -> None:
    """Of the last second. No worker fails to end for them."""
    try:
        with with_the_database():
            sizes.hand_on()
    except Exception as error:
        log.warning("The sizes of the last payloads were not counted. (%s)", error)


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()
