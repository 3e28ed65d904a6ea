"""The only door from the web to Temporal: one lazy client, a deadline around each call, and four errors of its own.

The functions block the calling thread and may be called from any; those that end in -ing are coroutines of the client's
own loop (see ``loop``). The connection and the errors are those of ``worker.connection``; here they are found by all.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHistoryEventFilterType
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from worker.connection import Busy as Busy
from worker.connection import ClientError as ClientError
from worker.connection import NotFound as NotFound
from worker.connection import Unknown as Unknown
from worker.connection import Unreachable as Unreachable
from worker.connection import asked as _asked
from worker.connection import connect as connect
from worker.connection import forget as forget
from worker.connection import loop as loop
from worker.connection import on_loop as on_loop
from worker.converter import CONVERTER
from worker.queue_limits import NotTaken as NotTaken
from worker.queue_limits import QueueTold as QueueTold
from worker.queue_limits import limit_queue as limit_queue
from worker.queue_limits import queue_told as queue_told
from worker.told import Described as Described
from worker.told import Ending as Ending
from worker.told import Pending as Pending
from worker.told import described, ended
from worker.told import pending as pending_of

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
    on_loop(signaling(workflow_id, name, args, run_id=run_id, timeout=timeout), timeout)


async def signaling(
    workflow_id: str, name: str, args: Sequence[Any] = (), *, run_id: str = "", timeout: float = 2.0
) -> None:
    """The same as a coroutine."""

    async def call(client: Client) -> None:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        await handle.signal(name, args=list(args), rpc_timeout=timedelta(seconds=timeout))

    await _asked(call, timeout)


def update(
    workflow_id: str, name: str, args: Sequence[Any] = (), *, update_id: str, run_id: str = "", timeout: float = 2.0
) -> Any:
    """Ask a workflow to do something and to answer. Unknown: ask again under the same id, it is done once."""
    return on_loop(updating(workflow_id, name, args, update_id=update_id, run_id=run_id, timeout=timeout), timeout)


async def updating(
    workflow_id: str, name: str, args: Sequence[Any] = (), *, update_id: str, run_id: str = "", timeout: float = 2.0
) -> Any:
    """The same as a coroutine."""

    async def call(client: Client) -> Any:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        limit = timedelta(seconds=timeout)
        return await handle.execute_update(name, args=list(args), id=update_id, rpc_timeout=limit)

    return await _asked(call, timeout)


def signal_with_start(
    workflow: str,
    args: Sequence[Any],
    name: str,
    signal_args: Sequence[Any],
    *,
    workflow_id: str,
    task_queue: str,
    timeout: float = 2.0,
) -> None:
    """Signal an entity; begin it with these arguments if none runs. Unknown: it may have arrived."""
    call = starting_with_signal(
        workflow, args, name, signal_args, workflow_id=workflow_id, task_queue=task_queue, timeout=timeout
    )
    on_loop(call, timeout)


async def starting_with_signal(
    workflow: str,
    args: Sequence[Any],
    name: str,
    signal_args: Sequence[Any],
    *,
    workflow_id: str,
    task_queue: str,
    timeout: float = 2.0,
) -> None:
    """The same as a coroutine."""

    async def call(client: Client) -> None:
        await client.start_workflow(
            workflow,
            args=list(args),
            id=workflow_id,
            task_queue=task_queue,
            start_signal=name,
            start_signal_args=list(signal_args),
            rpc_timeout=timedelta(seconds=timeout),
        )

    await _asked(call, timeout)


def terminate(workflow_id: str, *, reason: str, timeout: float = 2.0) -> None:
    """End a workflow at once, without a word of its own."""

    async def call(client: Client) -> None:
        handle = client.get_workflow_handle(workflow_id)
        await handle.terminate(reason=reason, rpc_timeout=timedelta(seconds=timeout))

    on_loop(_asked(call, timeout), timeout)


def cancel(workflow_id: str, *, run_id: str = "", timeout: float = 2.0) -> None:
    """Ask a workflow to end in order, the run that began as ``run_id``. Safe to ask again. NotFound: it has ended."""

    async def call(client: Client) -> None:
        handle = client.get_workflow_handle(workflow_id, first_execution_run_id=run_id or None)
        await handle.cancel(rpc_timeout=timedelta(seconds=timeout))

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


def pending(workflow_id: str, *, children: int = 0, timeout: float = 1.0) -> list[Pending]:
    """Its activities that have not ended, as Temporal itself knows them; needs no worker.

    Those of its open children, too, if they are at most so many: each is a question of its own.
    """

    async def call(client: Client) -> list[Pending]:
        async def asked(id: str) -> WorkflowExecutionDescription:
            return await client.get_workflow_handle(id).describe(rpc_timeout=timedelta(seconds=timeout))

        whole = await asked(workflow_id)
        ids = [each.workflow_id for each in whole.raw_description.pending_children]
        open_ = await asyncio.gather(*map(asked, ids)) if len(ids) <= children else []
        return [each for found in (whole, *open_) for each in pending_of(found, time.time())]

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


async def terminating(workflow_id: str, *, run_id: str, reason: str, timeout: float = 2.0) -> None:
    """End it without asking it. NotFound: it has ended already."""

    async def call(client: Client) -> None:
        handle = client.get_workflow_handle(workflow_id, first_execution_run_id=run_id or None)
        await handle.terminate(reason=reason, rpc_timeout=timedelta(seconds=timeout))

    await _asked(call, timeout)


def healthy(timeout: float = 0.8) -> bool:
    """Whether Temporal answers."""

    async def call(client: Client) -> bool:
        return await client.service_client.check_health(timeout=timedelta(seconds=timeout))

    try:
        return on_loop(_asked(call, timeout), timeout)
    except ClientError:
        return False
