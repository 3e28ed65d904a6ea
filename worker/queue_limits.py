"""What the server says of a queue's activities: backlog, pace, the limit in force; and how that limit is set and reset.

The limit is the server's own (``UpdateTaskQueueConfig``): it holds for all workers together, and outlives them.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.enums.v1 import RateLimitSource, TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    UpdateTaskQueueConfigRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from worker.connection import ClientError, asked, on_loop

_SOURCES = {
    RateLimitSource.RATE_LIMIT_SOURCE_API: "api",
    RateLimitSource.RATE_LIMIT_SOURCE_WORKER: "worker",
    RateLimitSource.RATE_LIMIT_SOURCE_SYSTEM: "system",
}
_NEVER = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.UNIMPLEMENTED,
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED,
)
"""Asked again, it would answer the same."""


class NotTaken(ClientError):
    """The server has understood and will not do it, however often it is asked."""


@dataclass(frozen=True)
class QueueTold:
    """Of the activities of one queue. Rates are per second; ages and moments in seconds (epoch, 0: never).

    ``limit``: what was set at the server, by whom, why and when (None: nothing); ``effective``: what it goes by, and
    its ``source``: "api" (that limit), "worker" (the workers' own option) or "system" (the server's default).
    ``added`` and ``taken`` are averages of the last 30 s, as the server counts.
    """

    limit: float | None = None
    set_by: str = ""
    set_reason: str = ""
    set_at: float = 0.0
    effective: float | None = None
    source: str = ""
    backlog: int = 0
    oldest: float = 0.0
    added: float = 0.0
    taken: float = 0.0


def queue_told(queue: str, *, timeout: float = 1.5) -> QueueTold:
    """Ask the server; needs no worker."""

    async def call(client: Client) -> QueueTold:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
            report_config=True,
        )
        limit = timedelta(seconds=timeout)
        return _told(await client.workflow_service.describe_task_queue(request, timeout=limit))

    return on_loop(asked(call, timeout), timeout)


def _told(found: DescribeTaskQueueResponse) -> QueueTold:
    set_here, stats = found.config.queue_rate_limit, found.stats
    about, given = set_here.metadata, set_here.HasField("rate_limit")
    known = found.HasField("effective_rate_limit")
    return QueueTold(
        limit=set_here.rate_limit.requests_per_second if given else None,
        set_by=about.update_identity,
        set_reason=about.reason,
        set_at=about.update_time.ToMicroseconds() / 1e6 if about.HasField("update_time") else 0.0,
        effective=found.effective_rate_limit.requests_per_second if known else None,
        source=_SOURCES.get(found.effective_rate_limit.rate_limit_source, ""),
        backlog=stats.approximate_backlog_count,
        oldest=stats.approximate_backlog_age.ToMicroseconds() / 1e6,
        added=stats.tasks_add_rate,
        taken=stats.tasks_dispatch_rate,
    )


def limit_queue(queue: str, per_second: float | None, *, identity: str, reason: str, timeout: float = 3.0) -> None:
    """Let the server hand out so many activities of this queue a second, of all workers together; None: as before.

    0 stops it. Safe to ask again; the last one counts. NotTaken: it will not, ever.
    """

    async def call(client: Client) -> None:
        update = UpdateTaskQueueConfigRequest.RateLimitUpdate(reason=reason)
        if per_second is not None:
            update.rate_limit.CopyFrom(RateLimit(requests_per_second=per_second))
        request = UpdateTaskQueueConfigRequest(
            namespace=client.namespace,
            identity=identity,
            task_queue=queue,
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            update_queue_rate_limit=update,
        )
        try:
            await client.workflow_service.update_task_queue_config(request, timeout=timedelta(seconds=timeout))
        except RPCError as error:
            if error.status in _NEVER:
                raise NotTaken(f"{error.status.name}: {error}") from error
            raise

    on_loop(asked(call, timeout), timeout)
