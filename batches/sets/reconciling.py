"""Do the rows of data sets say what Temporal says? In each run that compares requests: one that was ended outside is
closed here with its words; one that was not heard of any more, after a time.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from approvals.looking import AGREES, Found
from approvals.mending import FORGOTTEN, in_words
from approvals.recording import moment
from approvals.runs import Report, Run
from batches.models import DataSet
from batches.sets import recording
from live.writes import write
from worker import client

SETTLED = timedelta(seconds=10)
"""So long after its end it may still be written down by itself."""
EACH_RUN = 100


def compare(run: Run) -> Report:
    """Raises the client's errors where Temporal cannot be asked."""
    report = Report()
    for row in DataSet.objects.filter(closed_at=None).exclude(first_run_id="").order_by("pk")[:EACH_RUN]:
        if time.monotonic() > run.until:
            break
        run.pace.wait()
        report.compared += 1
        report.add(_looked(row, run))
    return report


def _looked(row: DataSet, run: Run) -> Found:
    try:
        found = client.describe(row.workflow_id, run_id=row.first_run_id)
    except client.NotFound:
        return _missing(row, run)
    if row.missing_since and not run.dry:
        DataSet.objects.filter(pk=row.pk).update(missing_since=None)
    if found.status == "RUNNING" or timezone.now() - moment(found.closed_at) < SETTLED:
        return AGREES
    if found.status == "COMPLETED":
        result = client.result(row.workflow_id, run_id=row.first_run_id)
        return _closed(row, run, result if isinstance(result, dict) else {"status": "completed"}, found.closed_at)
    if found.status == "CANCELED":  # before it had done anything
        return _closed(row, run, {"status": "cancelled"}, found.closed_at)
    ending = client.ending(row.workflow_id, run_id=row.first_run_id)
    return _closed(row, run, {"status": "terminated", "reason": in_words(ending), "by": ending.by}, found.closed_at)


def _missing(row: DataSet, run: Run) -> Found:
    since = row.missing_since or timezone.now()
    if run.forgotten or timezone.now() - since >= timedelta(seconds=settings.FORGOTTEN_SECONDS):
        return _closed(row, run, {"status": "terminated", "reason": FORGOTTEN})
    if row.missing_since is None and not run.dry:
        DataSet.objects.filter(pk=row.pk).update(missing_since=since)
    return Found(f"{row.reference} is open, but Temporal does not know its workflow.", missing=True)


def _closed(row: DataSet, run: Run, result: dict[str, object], closed_at: float = 0.0) -> Found:
    why = str(result.get("reason") or "Its workflow has returned.")
    if run.dry:
        return Found(f"{row.reference} would be closed. {why}")
    with write():
        fresh = DataSet.objects.select_for_update().get(pk=row.pk)
        if fresh.closed_at:
            return AGREES
        recording.close(fresh, result, at=moment(closed_at) if closed_at else None)
        fresh.save()
    return Found(f"{row.reference} was closed. {why}", mended=True, changed=("state",))
