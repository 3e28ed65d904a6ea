"""From the rows to Temporal: what was ordered is started, at once or as soon as Temporal is there. Once in any case."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Entry
from audit.services import append
from batches.models import HELD_BACK, Batch, Kind, State
from batches.sending import sent, sent_of
from live.writes import write
from worker import client

WORKFLOWS = {Kind.BATCH: "BatchWorkflow", Kind.MAPREDUCE: "MapReduceWorkflow"}


def start(row: Batch) -> bool:
    """Start the row's workflow. Twice is impossible: Temporal rejects the duplicate, and the row takes one run id."""
    return sent(row, _start)


def _start(row: Batch) -> None:
    """A batch takes one argument, and a MapReduce several."""
    given: Sequence[object] = row.payload if row.kind == Kind.MAPREDUCE else [row.payload]  # type: ignore[assignment]
    run_id = client.start(
        WORKFLOWS[Kind(row.kind)], given, workflow_id=row.workflow_id, task_queue=settings.TEMPORAL_TASK_QUEUE
    )
    with write():
        _take(row, run_id)


def _take(row: Batch, run_id: str) -> None:
    """Mostly the worker was faster. The id of somebody else's workflow is no order of ours that runs."""
    mine = Batch.objects.filter(pk=row.pk, first_run_id="")
    if not Batch.objects.filter(workflow_id=row.workflow_id, first_run_id=run_id).exclude(pk=row.pk).exists():
        mine.update(first_run_id=run_id)
        return
    result = {"status": "invalid", "errors": ["A program has started another batch under this id. Order it again."]}
    if mine.update(state=State.INVALID, closed_at=timezone.now(), result=result):
        append(stream=row.stream, kind="batch.closed", actor="system", known=Entry.Known.SYSTEM, data=result)


def to_start() -> QuerySet[Batch]:
    """What was ordered while Temporal could not be reached; an index answers where there is nothing."""
    before = timezone.now() - timedelta(seconds=3)
    waiting = Batch.objects.filter(first_run_id="", closed_at=None, created_at__lt=before)
    return waiting.exclude(payload=None).exclude(state__in=HELD_BACK).order_by("created_at")


def start_pending() -> int:
    """Start what is not started. Asked each second by each worker. One that is refused stands in nobody's way."""
    return sent_of(to_start()[:50], _start)
