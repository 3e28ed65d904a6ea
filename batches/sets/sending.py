"""From the rows to Temporal: what was ordered is started, or asked to end; at once, or as soon as Temporal is there."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from batches.models import DataSet
from batches.sending import sent, sent_of
from batches.sets import recording
from live.writes import write
from worker import client

YOUNG = timedelta(seconds=5)
"""So long its own click may still be at it."""
WORKFLOW = "DatasetWorkflow"


def start(row: DataSet) -> bool:
    """Twice is impossible: Temporal rejects the duplicate, and the row takes one run id."""
    return sent(row, _start)


def _start(row: DataSet) -> None:
    run_id = client.start(WORKFLOW, [row.payload], workflow_id=row.workflow_id, task_queue=settings.TEMPORAL_TASK_QUEUE)
    with write():
        mine = DataSet.objects.filter(pk=row.pk, first_run_id="")
        if not DataSet.objects.filter(workflow_id=row.workflow_id, first_run_id=run_id).exclude(pk=row.pk).exists():
            mine.update(first_run_id=run_id)
        elif taken := mine.filter(closed_at=None).first():
            said = "A program has started another data set under this id. Order it again."
            recording.close(taken, {"status": "invalid", "errors": [said]})
            taken.save()


def cancel(row: DataSet) -> None:
    """Ask its workflow to end. One that never began is closed, once no click may begin it."""
    sent(row, _cancel)


def _cancel(row: DataSet) -> None:
    try:
        client.cancel(row.workflow_id, run_id=row.first_run_id)
    except client.NotFound:
        if not row.first_run_id:
            _never_begun(row)
            return
    DataSet.objects.filter(pk=row.pk).update(cancel_sent=True)


def _never_begun(row: DataSet) -> None:
    if row.cancel_at is None or timezone.now() - row.cancel_at < YOUNG:
        return
    with write():
        if found := DataSet.objects.filter(pk=row.pk, first_run_id="", closed_at=None).first():
            recording.close(found, {"status": "cancelled"})
            found.cancel_sent = True
            found.save()


def send_waiting() -> int:
    """A chore of each worker: what was ordered while Temporal was away. An index answers where there is nothing."""
    before = timezone.now() - YOUNG
    open_ = DataSet.objects.filter(closed_at=None)
    to_start = open_.filter(first_run_id="", cancel_at=None, created_at__lt=before).exclude(payload=None)
    to_cancel = open_.filter(cancel_at__lt=before, cancel_sent=False)
    return sent_of(to_start[:50], _start) + sent_of(to_cancel[:50], _cancel)
