"""The activities of batches: a chunk in a thread of its own, everything else handed to services, with heartbeats."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from temporalio import activity

from worker import registry, tracing
from worker.activities.running import RECORDING, in_thread
from worker.batch_wire import (
    AskService,
    BatchNews,
    ChunkDone,
    FindFailed,
    FoundFailed,
    Gathered,
    PrepareBatch,
    Prepared,
    RunChunk,
    ServiceSays,
)
from worker.chunks import degraded, gathering, preparing, running
from worker.chunks.several import Several
from worker.hanging import HANGING

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LONG = ThreadPoolExecutor(4, thread_name_prefix="batch")
"""For what may read a whole file."""
SHORT = ThreadPoolExecutor(4, thread_name_prefix="count")
SHOWN = 100
BEAT, LOOK = 1.0, 0.25


def silent(_number: int) -> None:
    """The heartbeat comes from the loop."""


@activity.defn
async def prepare_batch(given: PrepareBatch) -> Prepared:
    return await in_thread(LONG, preparing.prepare, given, silent)  # type: ignore[no-any-return]


@activity.defn
async def count_chunk(given: RunChunk) -> ChunkDone:
    return await in_thread(SHORT, running.count, given)  # type: ignore[no-any-return]


@activity.defn
async def find_failed(given: FindFailed) -> FoundFailed:
    return await in_thread(SHORT, registry.call, "batches.find_failed", given)  # type: ignore[no-any-return]


@activity.defn
async def find_degraded(given: FindFailed) -> FoundFailed:
    return await in_thread(SHORT, degraded.find, given)  # type: ignore[no-any-return]


@activity.defn
async def close_batch(uuid: str) -> Gathered:
    return await in_thread(LONG, _closed, uuid)  # type: ignore[no-any-return]


def _closed(uuid: str) -> Gathered:
    return Gathered(gathering.gather(uuid, silent), registry.call("batches.first_failed", uuid, SHOWN))


@activity.defn
async def record_batch(given: BatchNews) -> bool:
    await in_thread(RECORDING, registry.call, "batches.record", given)
    return True


@activity.defn
async def ask_service(given: AskService) -> ServiceSays:
    return await in_thread(RECORDING, registry.call, "batches.ask_service", given)  # type: ignore[no-any-return]


@activity.defn
async def run_chunk(given: RunChunk) -> ChunkDone:
    done = await InItsThread(Several(given)).ended()
    _noted(given, done)
    return done


def _noted(given: RunChunk, done: ChunkDone) -> None:
    every = [done, *done.more]
    failed, degraded = (sum(getattr(each, name) for each in every) for name in ("failed", "degraded"))
    tracing.note(chunk=given.chunk, chunks=len(every), failed=failed, degraded=degraded)


class Run(Protocol[T_co]):
    """What runs in a thread of its own."""

    def run(self) -> T_co: ...
    def stop(self) -> None: ...
    def lose(self) -> None: ...
    def excuse(self) -> None: ...
    def beat(self) -> dict[str, Any]: ...


class InItsThread(Generic[T]):
    """A chunk, or some, in their thread, and the loop that beats for it and tells it to stop."""

    def __init__(self, run: Run[T]) -> None:
        self.run = run
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.beaten = time.monotonic()

    async def ended(self) -> T:
        """Raises TooManyHang where this process bears no more threads that may never end."""
        HANGING.refuse()
        thread = _in_its_thread(self.run.run, self.answer)
        while not self.answer.done():
            try:
                await asyncio.wait({self.answer}, timeout=LOOK)
            except asyncio.CancelledError:
                if not self._may_end():
                    HANGING.add(thread)
                    activity.logger.warning("It was given up on, and its thread has not ended.")
                    self.answer.cancel()  # nobody asks for it any more
                    raise
            self._look()
        return self.answer.result()

    def _look(self) -> None:
        if activity.is_worker_shutdown():
            self.run.stop()
        if time.monotonic() >= self.beaten + BEAT:
            activity.heartbeat(self.run.beat())
            self.beaten = time.monotonic()

    def _may_end(self) -> bool:
        """Asked to stop, it ends what runs and says what is left. Else nobody waits for it, or no time is left."""
        why = activity.cancellation_details()
        if why is not None and why.cancel_requested:
            self.run.stop()
            return True
        if why is not None and why.worker_shutdown:
            self.run.excuse()
        self.run.lose()
        return False


def _in_its_thread(function: Callable[[], Any], answer: "asyncio.Future[Any]") -> "Future[None]":
    """A thread for each, not a pool: one that hangs for ever must not take a place from the others. Done: it ended."""
    loop, over = answer.get_loop(), Future[None]()

    def settle(value: Any, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)

    def call() -> None:
        value, error = None, None
        try:
            value = function()
        except BaseException as raised:
            error = raised
        over.set_result(None)
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:
            pass  # the process has ended meanwhile, and nobody waits

    context = contextvars.copy_context()
    context.run(tracing.of_many)
    threading.Thread(target=context.run, args=[call], name="chunk", daemon=True).start()
    return over
