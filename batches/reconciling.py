"""Do the rows of batches say what Temporal says? In each run that compares requests; only what differs is asked."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from approvals.looking import AGREES, Found
from approvals.mending import FORGOTTEN, in_words
from approvals.reconcile import LISTS, STRANGE, YOUNG
from approvals.recording import moment
from approvals.runs import Pace, Report, Run
from batches import mending, orphans
from batches.models import ENDED, Batch, Kind, State
from live import reader
from worker import client
from worker.batch_wire import BatchRef
from worker.client import Described
from worker.mapreduce_telling import as_batch

log = logging.getLogger(__name__)

TYPES = "('BatchWorkflow', 'MapReduceWorkflow')"
SETTLED = timedelta(seconds=10)
"""So long after its end chunks of it may still run, until they hear of it."""
LATE = timedelta(seconds=30)
"""A row that was not written for so long is compared with what its workflow says."""
SURE = 1.0
"""Seconds between two answers that must both differ."""
EACH_RUN = 100

Look = Callable[[Batch], Found]


def compare(run: Run) -> Report:
    """Raises the client's errors where Temporal cannot be asked."""
    return _Round(run).report()


class _Round:
    def __init__(self, run: Run) -> None:
        self.given = run
        self.found = Report()

    def report(self) -> Report:
        running = _running()
        rows = list(_open_rows())
        self.found.compared = len({row.workflow_id for row in rows} | set(running))
        self._without_workflow([row for row in rows if row.workflow_id not in running], of=len(rows))
        if self.given.asking:
            late = [row for row in rows if row.workflow_id in running and _is_late(row)]
            self._each(late if self.given.all_rows else late[:EACH_RUN], self._compared)
        self._without_open_row([running[id] for id in set(running) - {row.workflow_id for row in rows}])
        return self.found

    def _each(self, rows: Iterable[Batch], look: Look) -> list[tuple[Batch, Found]]:
        found = [(row, self._safely(row, look)) for row in self._in_time(rows)]
        for _row, each in found:
            if not each.missing:
                self.found.add(each)
        return [(row, each) for row, each in found if each.missing]

    def _in_time(self, rows: Iterable[Batch]) -> Iterator[Batch]:
        for row in rows:
            if time.monotonic() > self.given.until:
                log.warning("There are more batches to compare than one run does; the next one goes on.")
                return
            self.given.pace.wait()
            yield row

    def _safely(self, row: Batch, look: Look) -> Found:
        try:
            return look(row)
        except client.Unreachable:
            raise
        except client.ClientError as error:
            return Found(f"{row.reference} could not be compared: {error}")

    # --- open rows whose workflow does not run -------------------------------------------------------------------

    def _without_workflow(self, rows: list[Batch], of: int) -> None:
        missing = self._each(rows, self._looked)
        strange = len(rows) == of and len(missing) == of >= STRANGE and not self.given.forgotten
        for row, found in missing:
            self.found.add(found if strange else self._safely(row, self._forgotten))
        if strange:
            self.found.said.append("Temporal knows none of the open batches: is it the right one? Nothing is closed.")

    def _looked(self, row: Batch) -> Found:
        if row.state == State.STARTED:
            return orphans.look(row, dry=self.given.dry, pace=self.given.pace)
        try:
            found = _described(row)
        except client.NotFound:
            return Found(f"{row.reference} is open, but Temporal does not know its workflow.", missing=True)
        if row.missing_since and not self.given.dry:
            mending.note_missing(row, None)
        if found.status in ("RUNNING", "CONTINUED_AS_NEW"):
            return AGREES
        ended = moment(found.closed_at) if found.closed_at else timezone.now()
        if timezone.now() - ended < SETTLED:
            return AGREES
        if found.status == "COMPLETED":
            return self._says_how(row, found)
        ending = client.ending(found.workflow_id, run_id=found.run_id)
        if (left := orphans.left(row, in_words(ending), dry=self.given.dry)) is not None:
            return left
        return self._ends(row, in_words(ending), ending.status.lower(), at=found.closed_at, by=ending.by)

    def _says_how(self, row: Batch, found: Described) -> Found:
        """It has returned, and this was not heard of here."""
        if self.given.dry:
            return Found(f"{row.reference} would be closed: its workflow has returned.")
        result = client.result(found.workflow_id, run_id=found.run_id)
        if row.kind == Kind.MAPREDUCE:
            result = as_batch(result, row.total, row.failed)
        if not isinstance(result, dict) or not mending.close(row, result, moment(found.closed_at)):
            return AGREES
        return Found(f"{row.reference} was closed: its workflow had returned.", mended=True, changed=("state",))

    def _ends(self, row: Batch, why: str, how: str, *, at: float = 0.0, by: str = "") -> Found:
        if self.given.dry:
            return Found(f"{row.reference} would be closed. {why}")
        if not mending.end_outside(row, reason=why, how=how, at=moment(at) if at else None, by=by):
            return AGREES
        return Found(f"{row.reference} was closed. {why}", mended=True, changed=("state",))

    def _forgotten(self, row: Batch) -> Found:
        """Closed once that has lasted; at once where somebody says so."""
        since = row.missing_since or timezone.now()
        if row.missing_since is None and not self.given.dry:
            mending.note_missing(row, since)
        if self.given.forgotten or timezone.now() - since >= timedelta(seconds=settings.FORGOTTEN_SECONDS):
            return self._ends(row, FORGOTTEN, "forgotten")
        return Found(f"{row.reference} is open, but Temporal does not know its workflow.", missing=True)

    # --- open rows whose workflow runs ---------------------------------------------------------------------------

    def _compared(self, row: Batch) -> Found:
        """It must differ twice, with the row unwritten in between."""
        if (told := _asked(row)) is None or not mending.differs(row, told):
            return AGREES
        time.sleep(SURE)
        told = _asked(row)
        before = row.written
        row.refresh_from_db()
        if told is None or row.written != before or not (wanted := mending.differs(row, told)):
            return AGREES
        what = ", ".join(wanted)
        if self.given.dry:
            ahead = mending.is_ahead(row, told)
            return Found(f"{row.reference} would follow its workflow: {what}.") if ahead else AGREES
        changed = mending.follow(row, told, run_id=row.run_id)
        said = f"{row.reference} follows its workflow again: {what}."
        return Found(said, mended=True, changed=tuple(changed)) if changed else AGREES

    # --- workflows without an open row ---------------------------------------------------------------------------

    def _without_open_row(self, listed: list[Described]) -> None:
        newest = timezone.now() - YOUNG
        for found in listed:
            if found.started_at >= newest.timestamp() or time.monotonic() > self.given.until:
                continue
            row = Batch.objects.filter(workflow_id=found.workflow_id).order_by("-pk").first()
            if row is None or (row.closed_at and row.closed_at < newest):
                self.given.pace.wait()
                self.found.add(self._running_again(row, found) if row else self._lost(found))

    def _running_again(self, row: Batch, listed: Described) -> Found:
        """Somebody has reset it in Temporal. What it runs again has the keys that it had; people are told."""
        try:
            found = client.describe(listed.workflow_id)
        except client.ClientError:
            return AGREES
        if found.status != "RUNNING" or found.first_run_id != row.first_run_id:
            return AGREES
        return Found(f"{row.reference} has ended here, and runs again: it was reset in Temporal. It is left so.")

    def _lost(self, listed: Described) -> Found:
        what = f"The workflow {listed.workflow_id} runs, and the index has no row of it"
        if not self.given.asking:
            return Found(f"{what}. No worker runs to ask it.")
        try:
            found = client.describe(listed.workflow_id)
            reading = reader.read(found.workflow_id, "get_progress", max_age=0)
        except client.ClientError:
            return AGREES
        told = reading.value
        if found.status != "RUNNING" or not reading.fresh or not isinstance(told, dict) or not told.get("uuid"):
            return AGREES
        if self.given.dry:
            return Found(f"{what}. It would be written down again.")
        ref = BatchRef(found.workflow_id, found.first_run_id)
        row = mending.recreate(ref, told, started_at=found.started_at)
        return Found(f"{row.reference} had been lost, and was written down again.", mended=True)


def _running() -> dict[str, Described]:
    query = f"WorkflowType IN {TYPES} AND ExecutionStatus = 'Running' AND TaskQueue = '{settings.TEMPORAL_TASK_QUEUE}'"
    pace, found, after = Pace(LISTS), dict[str, Described](), b""
    while True:
        pace.wait()
        page, after = client.listed(query, after=after)
        found.update((each.workflow_id, each) for each in page)
        if not after:
            return found


def _open_rows() -> QuerySet[Batch]:
    """Those that were begun; what is still to be started is another chore's."""
    return Batch.objects.filter(Q(closed_at=None) & ~Q(first_run_id="")).defer("payload", "told", "spec").order_by("pk")


def _is_late(row: Batch) -> bool:
    return (row.written_at or row.created_at) < timezone.now() - LATE


def _described(row: Batch) -> Described:
    """The run that goes on with it."""
    latest = client.describe(row.workflow_id)
    if latest.first_run_id == row.first_run_id:
        return latest
    return client.describe(row.workflow_id, run_id=row.first_run_id)


def _asked(row: Batch) -> dict[str, object] | None:
    """What it says of itself. One that does not answer is busy, and is not known to differ."""
    reading = reader.read(row.workflow_id, "get_progress", max_age=0)
    told = reading.value
    if not reading.fresh or not isinstance(told, dict) or told.get("uuid") != str(row.uuid):
        return None
    if told.get("state") in ENDED:
        return None  # it is about to return
    return told
