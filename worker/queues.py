"""Which worker serves which queue, with what and how much at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from temporalio.client import Client
from temporalio.worker import Worker

from worker import activities, sandbox
from worker.payloads.plainly import PlainResults
from worker.slots import Counting
from worker.steps import WORK_QUEUE

DRAIN = timedelta(seconds=10)


@dataclass(frozen=True)
class Queue:
    """One task queue and what this process offers to it.

    ``slots``: activities held at once; ``per_second``: begun a second, by this process; ``queue_per_second``: by all
    workers together, as far as nobody has set another limit at the server. None: no limit.
    """

    name: str
    slots: int
    activities: Sequence[Callable[..., Any]] = ()
    workflows: Sequence[type[Any]] = field(default=())
    per_second: float | None = None
    queue_per_second: float | None = None


def all_queues() -> list[Queue]:
    """Those that have anything to serve: the SDK refuses an empty worker."""
    known = [
        # Far more slots than threads (worker.activities.running): actions that wait for a thread must not take the
        # last slot from a decision.
        Queue(settings.TEMPORAL_TASK_QUEUE, 1_000, activities.DECISIONS, sandbox.WORKFLOWS),
        Queue(WORK_QUEUE, 50, activities.WORK),
    ]
    return [_as_set(queue) for queue in known if queue.activities or queue.workflows]


def _as_set(queue: Queue) -> Queue:
    """With what the settings say of it."""
    return replace(
        queue,
        slots=settings.LEITSTAND_WORKER_SLOTS.get(queue.name, queue.slots),
        per_second=settings.LEITSTAND_WORKER_PER_SECOND.get(queue.name),
        queue_per_second=settings.LEITSTAND_QUEUE_PER_SECOND.get(queue.name),
    )


def chosen(names: Sequence[str]) -> list[Queue]:
    """The queues of these names, all without names; ValueError names one that does not exist."""
    known = {settings.TEMPORAL_TASK_QUEUE, WORK_QUEUE}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"There is no queue {unknown[0]!r} here. The queues are: {', '.join(sorted(known))}.")
    return [queue for queue in all_queues() if not names or queue.name in names]


def apart(serving: Sequence[Queue], processes: int) -> list[list[Queue]]:
    """What each process of this worker serves: work apart from decisions, in so many processes; 0: all in one."""
    others = [queue for queue in serving if queue.name != WORK_QUEUE]
    work = [queue for queue in serving if queue.name == WORK_QUEUE]
    if not processes or not work:
        return [list(serving)]
    return [*([others] if others else []), *[work] * processes]


def worker(client: Client, queue: Queue, identity: str, counting: Counting | None = None) -> Worker:
    """``counting``: hears how many activities of this queue run."""
    return Worker(
        client,
        task_queue=queue.name,
        identity=identity,
        activities=queue.activities,
        workflows=queue.workflows,
        workflow_runner=sandbox.runner(),
        interceptors=[PlainResults(), *([counting] if counting else [])],
        max_cached_workflows=500,
        # After a worker's sudden death its workflows wait so long for it before another takes them; 10 s by default.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        max_concurrent_activities=queue.slots,
        max_activities_per_second=queue.per_second,
        max_task_queue_activities_per_second=queue.queue_per_second,
        # Eager activities would bypass the queue's rate limit.
        disable_eager_activity_execution=True,
        # The default lets a killed worker's retry see a heartbeat of half a minute ago.
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        graceful_shutdown_timeout=DRAIN,
    )
