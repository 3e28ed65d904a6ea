"""The connection that `worker.client` speaks through: lazy, one for all, with a deadline around each call, its errors.

Everything runs on one event loop in a thread of its own, so that views, watchers and commands share one connection.
"""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar

from django.conf import settings
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from worker import tracing
from worker.converter import CONVERTER
from worker.payloads.troubles import NotRead, NotStored

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
    """A client for the server that the ``TEMPORAL_*`` variables name, else for the data folder's own.

    ``patient``: long retries, for workers.
    """
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    config.setdefault("target_host", own_server())
    retry = None if patient else RetryConfig(max_retries=1, max_elapsed_time_millis=800)
    return await Client.connect(
        **config,
        data_converter=CONVERTER,
        interceptors=tracing.interceptors(),
        lazy=lazy,
        runtime=runtime,
        retry_config=retry,
    )


def own_server() -> str:
    """The one that `up` keeps for this data folder; else what listens where Temporal usually does.

    Another house's server knows none of this folder's workflows: whoever asks it takes all of them for gone.
    """
    try:
        port = int(json.loads((settings.DATA_DIR / "ports.json").read_text())["temporal"])
    except (OSError, ValueError, KeyError, TypeError):
        port = 7233
    return f"127.0.0.1:{port}"


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


def _begin_anew() -> None:
    """In a child after a fork: the loop's thread has stayed with the parent."""
    global _lock, _loop, _client
    _lock, _loop, _client = threading.Lock(), None, None


os.register_at_fork(after_in_child=_begin_anew)


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


async def asked(call: Callable[[Client], Awaitable[T]], timeout: float) -> T:
    """One call with one deadline, its errors as ours."""
    try:
        async with asyncio.timeout(timeout):
            return await call(await _connected())
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise Unknown(f"No answer from Temporal within {timeout:.1f} s.") from None
    except RPCError as error:
        raise _translated(error) from error
    except WorkflowQueryRejectedError as error:
        raise NotFound(str(error)) from error
    except (WorkflowQueryFailedError, WorkflowUpdateFailedError) as error:
        raise Unknown(str(error)) from error
    except NotStored as error:
        raise Unreachable(str(error)) from error
    except NotRead as error:
        raise Unknown(str(error)) from error
    except RuntimeError as error:  # the SDK's word for "this lazy client could not connect"
        if "connect" in str(error).lower():
            raise Unreachable(str(error)) from error
        raise
