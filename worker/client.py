"""The only door from the web to Temporal: one lazy client, a deadline around each call, and four errors of its own.

Everything runs on one event loop in a thread of its own, so that views, watchers and commands share one connection.
The functions block the calling thread and may be called from any.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    WorkflowHistoryEventFilterType,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from worker.converter import CONVERTER
from worker.told import Described, Ending, described, ended

__all__ = ["Described", "Ending"]

T = TypeVar("T")


class ClientError(Exception):
    """A call to Temporal that did not give its answer."""


class Unreachable(ClientError):
    """Nobody took the call: it was surely not sent."""


class Unknown(ClientError):
    """The call went out and no answer came: it may have been taken. Ask again under the same id."""


class NotFound(ClientError):
    """There is no such workflow, or it is closed."""


class Busy(ClientError):
    """Temporal or the workflow has more to do than it takes: try again in a moment."""


async def connect(*, lazy: bool = False, runtime: Runtime | None = None, patient: bool = False) -> Client:
    """A client for the server that the ``TEMPORAL_*`` variables name. ``patient``: long retries, for workers."""
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    config.setdefault("target_host", "127.0.0.1:7233")
    retry = None if patient else RetryConfig(max_retries=1, max_elapsed_time_millis=800)
    return await Client.connect(**config, data_converter=CONVERTER, lazy=lazy, runtime=runtime, retry_config=retry)


# --- the loop and the one client --------------------------------------------------------------------------------

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_client: Client | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The loop that all calls run on, started on first use."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="temporal-client", daemon=True).start()
        return _loop


def on_loop(call: Coroutine[Any, Any, T], timeout: float) -> T:
    """Run a coroutine on the client's loop and wait for it in this thread. Its deadline is belt to the braces."""
    future = asyncio.run_coroutine_threadsafe(call, loop())
    try:
        return future.result(timeout + 5)
    except FutureTimeout:
        future.cancel()
        raise Unknown(f"No answer from Temporal within {timeout + 5:.1f} s.") from None


async def _connected() -> Client:
    global _client
    if _client is None:
        _client = await connect(lazy=True)
    return _client


def forget() -> None:
    """Drop the client, so that the next call connects afresh: for tests that change the server."""
    global _client
    _client = None


_NOT_SENT = ("connect error", "connection refused", "dns error", "failed client connect", "failed to connect")


def _translated(error: RPCError) -> ClientError:
    if error.status == RPCStatusCode.NOT_FOUND and "namespace" in str(error).lower():
        return Unreachable(str(error))  # a server that is still starting, or the wrong one: no workflow has ended
    if error.status == RPCStatusCode.NOT_FOUND:
        return NotFound(str(error))
    if error.status == RPCStatusCode.RESOURCE_EXHAUSTED:
        return Busy(str(error))
    if error.status == RPCStatusCode.UNAVAILABLE and any(words in str(error).lower() for words in _NOT_SENT):
        return Unreachable(str(error))
    return Unknown(f"{error.status.name}: {error}")


async def _asked(call: Callable[[Client], Awaitable[T]], timeout: float) -> T:
    """One call with one deadline, its errors as ours."""
    try:
        async with asyncio.timeout(timeout):
            return await call(await _connected())
    except TimeoutError:
        raise Unknown(f"No answer from Temporal within {timeout:.1f} s.") from None
    except RPCError as error:
        raise _translated(error) from error
    except WorkflowQueryRejectedError as error:
        raise NotFound(str(error)) from error
    except WorkflowQueryFailedError as error:
        raise Unknown(str(error)) from error
    except RuntimeError as error:  # the SDK's word for "this lazy client could not connect"
        if "connect" in str(error).lower():
            raise Unreachable(str(error)) from error
        raise


# --- what the web asks ------------------------------------------------------------------------------------------


def start(workflow: str, args: Sequence[Any], *, workflow_id: str, task_queue: str, timeout: float = 3.0) -> str:
    """Start a workflow unless one of this id was ever started; either way its run id. Safe to ask again."""

    async def call(client: Client) -> str:
        try:
            handle = await client.start_workflow(
                workflow,
                args=list(args),
                id=workflow_id,
                task_queue=task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                rpc_timeout=timedelta(seconds=timeout),
            )
        except WorkflowAlreadyStartedError as already:
            return already.run_id or ""
        return handle.first_execution_run_id or handle.result_run_id or ""

    return on_loop(_asked(call, timeout), timeout)


def signal(workflow_id: str, name: str, args: Sequence[Any] = (), *, run_id: str = "", timeout: float = 2.0) -> None:
    """Send a signal. Unknown means that it may have arrived: send again under the same decision id."""

    async def call(client: Client) -> None:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        await handle.signal(name, args=list(args), rpc_timeout=timedelta(seconds=timeout))

    on_loop(_asked(call, timeout), timeout)


def query(
    workflow_id: str,
    name: str,
    args: Sequence[Any] = (),
    *,
    run_id: str = "",
    timeout: float = 1.5,
    closed_too: bool = False,
) -> Any:
    """Ask a workflow. With no worker alive this waits out its whole deadline; so ask through ``live.reader``.

    One that was terminated would answer as if it were open: only with ``closed_too`` an ended one answers.
    """
    asking = QueryRejectCondition.NONE if closed_too else QueryRejectCondition.NOT_OPEN

    async def call(client: Client) -> Any:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        limit = timedelta(seconds=timeout)
        return await handle.query(name, args=list(args), reject_condition=asking, rpc_timeout=limit)

    return on_loop(_asked(call, timeout), timeout)


def describe(workflow_id: str, *, run_id: str = "", timeout: float = 2.0) -> Described:
    """What Temporal itself knows of a workflow; needs no worker."""

    async def call(client: Client) -> Described:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        return described(await handle.describe(rpc_timeout=timedelta(seconds=timeout)))

    return on_loop(_asked(call, timeout), timeout)


# --- what the reconciler asks beside ----------------------------------------------------------------------------


def listed(query: str, *, after: bytes = b"", size: int = 500, timeout: float = 5.0) -> tuple[list[Described], bytes]:
    """A page of Temporal's own list, and where the next one begins (empty: this is the last).

    The list lags, cannot be ordered, and takes about ten questions a second; it does not know first run ids.
    """

    async def call(client: Client) -> tuple[list[Described], bytes]:
        limit = timedelta(seconds=timeout)
        pages = client.list_workflows(query, page_size=size, next_page_token=after or None, rpc_timeout=limit)
        await pages.fetch_next_page()
        return [described(each) for each in pages.current_page or ()], pages.next_page_token or b""

    return on_loop(_asked(call, timeout), timeout)


def given_to(workflow_id: str, *, run_id: str, timeout: float = 3.0) -> list[Any]:
    """The arguments that a run was started with."""

    async def call(client: Client) -> list[Any]:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        event = await _event(handle.fetch_history_events(page_size=1, rpc_timeout=timedelta(seconds=timeout)))
        return await CONVERTER.decode(event.workflow_execution_started_event_attributes.input.payloads)

    return on_loop(_asked(call, timeout), timeout)


def ending(workflow_id: str, *, run_id: str, timeout: float = 3.0) -> Ending:
    """Why a closed run ended; needs no worker."""

    async def call(client: Client) -> Ending:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        only = WorkflowHistoryEventFilterType.CLOSE_EVENT
        limit = timedelta(seconds=timeout)
        return ended(await _event(handle.fetch_history_events(event_filter_type=only, rpc_timeout=limit)))

    return on_loop(_asked(call, timeout), timeout)


async def _event(events: Any) -> HistoryEvent:
    """The first of them: where there is none, the history has been deleted meanwhile."""
    async for event in events:
        return event  # type: ignore[no-any-return]
    raise RPCError("no events", RPCStatusCode.NOT_FOUND, b"")


def result(workflow_id: str, *, run_id: str, timeout: float = 3.0) -> Any:
    """What a run that has completed returned; needs no worker."""

    async def call(client: Client) -> Any:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        return await handle.result(follow_runs=False, rpc_timeout=timedelta(seconds=timeout))

    return on_loop(_asked(call, timeout), timeout)


def healthy(timeout: float = 0.8) -> bool:
    """Whether Temporal answers."""

    async def call(client: Client) -> bool:
        return await client.service_client.check_health(timeout=timedelta(seconds=timeout))

    try:
        return on_loop(_asked(call, timeout), timeout)
    except ClientError:
        return False
