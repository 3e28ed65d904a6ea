"""Calls a job for one item: tries, pauses, timeouts; what it raises, or returns and cannot be kept, is its failure."""

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from worker.batch_rungs import MAX_RUNG
from worker.chunks.folders import Order
from worker.chunks.metering import Meter, Stopped
from worker.chunks.notes import AT_ONCE
from worker.compact import dumps, text
from worker.datasets.records import Item
from worker.hanging import HANGING, TooManyHang
from worker.reading import printable
from worker.registry import Registered
from worker.resilience.fallback import NotAdmitted, NotAgain, NotYet
from worker.resilience.refusals import CircuitOpen
from worker.within import within

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
LONGEST_ERROR = 2_000
LARGEST_RESULT = 1_000_000
RAISED = (Exception, SystemExit, KeyboardInterrupt)
"""What a job may raise as the failure of its item; Ctrl-C reaches the main thread alone, where no job runs."""
UNNAMED = "unnamed"
"""A rung whose job does not say which one served."""


class Outcome(NamedTuple):
    """``line``: what it returned, as a line of JSON; ``error``: why it failed, ``final`` where no try will help.

    ``rung``: who served what is degraded; ``cause``: what the job raised last; ``held``: it is not settled by that.
    """

    line: str = ""
    error: str = ""
    attempts: int = 1
    degraded: bool = False
    final: bool = False
    rung: str = ""
    cause: BaseException | None = None
    held: bool = False


class Caller:
    """Of one chunk. ``stopping`` says whether it is asked to end: then nobody waits for another try."""

    def __init__(self, job: Registered, order: Order, stopping: Callable[[], bool]) -> None:
        self.job, self.order, self.stopping = job, order, stopping
        self.args = job.check(order.job_args)[0]
        self.quick = bool(getattr(job.function, "quick", False))
        self._function = job.function
        self._takes_item, self._takes_key = "item" in job.reserved, "key" in job.reserved
        if "service" in job.reserved:
            self.args["service"] = order.service
        self._just_item = self._takes_item and not self._takes_key and not self.args
        self._async = inspect.iscoroutinefunction(job.function)
        self.cooperative = not (self._async or self.quick) or bool(getattr(job.function, "cooperative", False))
        """Whether its calls block no loop. A plain function is called in a thread, unless it is quick."""
        self._threads: ThreadPoolExecutor | None = None
        self.meter: Meter | None = None
        """Of its service, where its calls are lent."""

    def end(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    # --- one call -----------------------------------------------------------------------------------------------

    def inline(self, item: Item) -> str | Outcome | None:
        """A quick job, called right here: its line, where nothing else is to be said. None: it is worth another try."""
        if item.error:
            return Outcome(error=item.error, final=True)
        try:
            value = self._function(item=item.value) if self._just_item else self._function(**self._given(item))
        except NotAgain as error:
            return Outcome(error=words(error), final=True)
        except RAISED as error:
            return None if self.order.item_attempts > 1 else Outcome(error=words(error))
        return _plainly(item, value) or kept(item, value, 1)

    async def patiently(self, item: Item, tried: int = 0) -> Outcome | None:
        """As often as the spec allows. None: it was asked to end before it was known."""
        if item.error:
            return Outcome(error=item.error, final=True)
        error: Any = None
        for attempt in range(tried + 1, self.order.item_attempts + 1):
            if attempt > 1 and not await self._pause(attempt, error):
                return None
            try:
                error = await self._try(item) if self.meter is None else await self._metered(self.meter, item, attempt)
            except Stopped:
                return None
            except NotAdmitted as none:
                if attempt == 1:
                    return None  # as if it had not been begun
                said = f"{words(error) if error else 'its first try failed'} (not tried again: {none})"
                return Outcome(error=said, attempts=attempt - 1, cause=error)
            if isinstance(error, RAISED):
                if isinstance(error, NotAgain):
                    break
                if isinstance(error, CircuitOpen) and self._refused(error):
                    attempt -= 1
                    break
            else:
                return kept(item, error, attempt)
        return Outcome(error=words(error), attempts=attempt, final=_is_final(error), cause=error)

    async def _metered(self, meter: Meter, item: Item, attempt: int) -> Any:
        """The first call was lent before the chunk was begun. Raises Stopped and NotAdmitted."""
        if attempt > 1 or meter.anew:
            async with meter.call():
                return await self._try(item)
        answer = await self._try(item)
        meter.rest -= 1
        return answer

    def _refused(self, error: CircuitOpen) -> bool:
        """By the very circuit of the batch, or where another can serve: then no try is burned on it."""
        return bool(self.order.fallbacks) or bool(self.order.on_open and error.service == self.order.service)

    async def _try(self, item: Item) -> Any:
        """What it returned; or what it raised, as a value."""
        seconds = self.order.item_timeout_seconds
        try:
            with within(seconds) as limit:
                return await self.called(item)
        except TimeoutError as error:
            if limit.expired:
                return TimeoutError(f"It took longer than {seconds:g} s.")
            return error
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            return RuntimeError("It was cancelled from within.")
        except RAISED as error:
            return error

    async def called(self, item: Item) -> Any:
        given = self._given(item)
        if self._async:
            return await self.job.function(**given)
        if self.quick:
            return self.job.function(**given)
        return await self._in_thread(given)

    async def _in_thread(self, given: dict[str, Any]) -> Any:
        """A thread that does not come back is left behind, and the chunk goes on with others."""
        HANGING.refuse()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="item")
        call: Future[Any] = self._threads.submit(contextvars.copy_context().run, _contained, self.job.function, given)
        try:
            value = await asyncio.shield(asyncio.wrap_future(call))
        except asyncio.CancelledError:
            if not call.cancel():
                HANGING.add(call)
                self.end()
                self._threads = None
            raise
        if isinstance(value, _Raised):
            raise value.error
        return value

    async def _pause(self, attempt: int, error: Any) -> bool:
        """Growing from try to try, or as long as the error says; False: it is asked to end."""
        asked = error.seconds if isinstance(error, NotYet) else 0.0
        left = min(max(FIRST_PAUSE * 2 ** (attempt - 2), asked), LONGEST_PAUSE)
        while left > 0 and not self.stopping():
            await asyncio.sleep(min(left, 0.25))
            left -= 0.25
        return not self.stopping()

    def _given(self, item: Item) -> dict[str, Any]:
        given = self.args.copy()
        if self._takes_item:
            given["item"] = item.value
        if self._takes_key:
            given["key"] = f"{self.order.key}/{item.number}"
        return given


def _is_final(error: BaseException) -> bool:
    """Not where a worker has too many calls that hang: another one would run it."""
    return isinstance(error, NotAgain) and not isinstance(error, TooManyHang)


class _Raised(NamedTuple):
    """What a call in a thread raised: some exceptions cannot travel through a future by themselves."""

    error: BaseException


def _contained(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    try:
        return function(**given)
    except RAISED as error:
        return _Raised(error)


# --- what came of it ----------------------------------------------------------------------------------------------


def kept(item: Item, value: Any, attempts: int, rung: str = "") -> Outcome:
    """What it returned, as JSON. Trying again would do it twice: so what cannot be kept is a failure at once.

    ``rung``: who served in the job's place; a job that has rungs of its own says which one did as ``source``.
    """
    try:
        written = dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        return Outcome(
            error=f"It was done, but what it returned cannot be kept as JSON: {words(error)}", attempts=attempts
        )
    if len(written) > LARGEST_RESULT:
        return Outcome(
            error=f"It was done, but it returned more than {LARGEST_RESULT:,} characters.", attempts=attempts
        )
    if rung or (type(value) is dict and value.get("degraded") is True):
        rung = rung or _source(value)
        line = f'{{"item":{text(item.key)},"number":{item.number},"result":{written},"rung":{text(rung)}}}\n'
        return Outcome(line, "", attempts, True, rung=rung)
    line = f'{{"item":{text(item.key)},"number":{item.number},"result":{written}}}\n'
    return Outcome(line, "", attempts)


def _source(value: Any) -> str:
    source = value.get("source")
    return (printable(source[:MAX_RUNG]).strip() if isinstance(source, str) else "") or UNNAMED


def _plainly(item: Item, value: Any) -> str:
    """Its line, as ``kept`` makes it, where it went as well as can be; else nothing."""
    try:
        written = dumps(value)
    except (TypeError, ValueError, RecursionError):
        return ""
    if len(written) > LARGEST_RESULT or (type(value) is dict and "degraded" in value):
        return ""
    return f'{{"item":{text(item.key)},"number":{item.number},"result":{written}}}\n'


def words(error: BaseException) -> str:
    """What it says; its kind where it says nothing, or nothing that would be understood alone."""
    try:
        said = str(error).strip()
    except Exception:
        said = ""
    if not said or isinstance(error, LookupError | SystemExit | KeyboardInterrupt):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return said[:LONGEST_ERROR]
