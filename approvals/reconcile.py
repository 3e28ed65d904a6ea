"""Does the index say what Temporal says? From list and describe to what differs; that is asked, and put right."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from approvals import drift, judging, mending, sending
from approvals.drift import Reconciliation
from approvals.follow import target
from approvals.looking import AGREES, Found, Look, told_by
from approvals.models import Request, Status
from approvals.runs import Pace, Report, Run, others
from live.writes import write
from worker import client
from worker.client import Described

log = logging.getLogger(__name__)

TYPES = ("MultiStepApprovalWorkflow", judging.SINGLE)
LISTS, ASKED = 4.0, 20.0
"""A second at most: pages of Temporal's list, of which it gives ten to everybody, and questions of other kinds."""
EACH_RUN = 100
"""So many open requests are asked in turn though nothing looks amiss: a row may be wrong and not show it."""
LONGEST = 240.0
"""Seconds after which a run on the schedule leaves the rest to the next one."""
YOUNG = timedelta(seconds=10)
"""What has begun or ended this recently is on its way into the index, or out of Temporal's list."""
LASTED = timedelta(seconds=30)
"""What takes a moment when all is well, and has lasted so long, is looked at."""
SENTENCES = 50
KEPT = timedelta(days=1)
STRANGE = 3
"""When Temporal knows none of so many open requests, it is another Temporal, and nothing is closed."""


class Round:
    """One run. Two at once do no harm: each repair looks again under the row's lock."""

    def __init__(self, *, dry: bool, asking: bool, all_rows: bool, forgotten: bool, longest: float) -> None:
        self.dry, self.asking, self.all_rows, self.forgotten = dry, asking, all_rows, forgotten
        self.until = time.monotonic() + longest
        self.pace = Pace(ASKED)
        self.report = Report()
        self.asked_to = 0

    def run(self) -> Report:
        self._send()
        running = self._running()
        rows = list(self._open_rows())
        self.report.compared = len({row.workflow_id for row in rows} | set(running))
        absent = [row for row in rows if row.workflow_id not in running]
        self._without_workflow(absent, nobody_runs=len(absent) == len(rows))
        self._doubtful([row for row in rows if row.workflow_id in running], running)
        self._without_open_row(set(running) - {row.workflow_id for row in rows}, running)
        for compare in others:
            self.report.join(compare(self._given()))
        return self.report

    def _given(self) -> Run:
        return Run(self.dry, self.asking, self.all_rows, self.forgotten, self.until, self.pace)

    def _in_time(self, rows: Iterable[Request]) -> Iterator[Request]:
        for row in rows:
            if time.monotonic() > self.until:
                log.warning("There is more to compare than one run does; the next one goes on.")
                return
            self.pace.wait()
            yield row

    def _look(self, row: Request, grace: timedelta | None = None) -> Look:
        return Look(row, dry=self.dry, asking=self.asking, grace=grace)

    # --- what is to be sent --------------------------------------------------------------------------------------

    def _send(self) -> None:
        starts, sends = sending.to_start().count(), sending.to_send().count()
        if not self.dry:
            starts, sends = sending.start_pending(), sending.send_unsettled()
        tense = "would be" if self.dry else "was"
        if starts:
            self.report.said.append(f"Not started yet, {tense} started: {starts}.")
        if sends:
            self.report.said.append(f"Decisions of which it was not known whether they arrived, {tense} sent: {sends}.")

    # --- what there is -------------------------------------------------------------------------------------------

    def _running(self) -> dict[str, Described]:
        """What Temporal lists as running, by workflow id."""
        types = ", ".join(f"'{name}'" for name in TYPES)
        query = f"WorkflowType IN ({types}) AND ExecutionStatus = 'Running'"
        query += f" AND TaskQueue = '{settings.TEMPORAL_TASK_QUEUE}'"
        pace, found, after = Pace(LISTS), dict[str, Described](), b""
        while True:
            pace.wait()
            page, after = client.listed(query, after=after)
            found.update((each.workflow_id, each) for each in page)
            if not after:
                return found

    def _open_rows(self) -> QuerySet[Request]:
        names = ("workflow_id", "first_run_id", "workflow_type", "status", "current_step", "current_level", "deadline")
        rows = Request.objects.filter(closed_at=None).exclude(first_run_id="")
        return rows.only("pk", *names, "updated_at", "closed_at").order_by("pk")

    # --- open rows whose workflow is not in the list -------------------------------------------------------------

    def _without_workflow(self, rows: list[Request], nobody_runs: bool) -> None:
        """It has begun a moment ago and the list lags; or it has ended, or is not there at all."""
        missing = []
        for row in self._in_time(rows):
            found = self._safely(self._look(row))
            if found.missing:
                missing.append((row, found))
            else:
                self.report.add(found)
        strange = nobody_runs and len(missing) == len(rows) >= STRANGE and not self.forgotten
        grace = timedelta(seconds=0 if self.forgotten else settings.FORGOTTEN_SECONDS)
        for row, found in missing:
            self.report.add(found if strange else self._safely(self._look(row, grace)))
        if strange:
            self.report.said.append("Temporal knows none of the open requests: is it the right one? Nothing is closed.")

    # --- open rows whose workflow runs ---------------------------------------------------------------------------

    def _doubtful(self, rows: list[Request], running: dict[str, Described]) -> None:
        """Those that look amiss, and some of the others in turn."""
        if not self.asking:
            return
        now = timezone.now()
        amiss = [row for row in rows if _amiss(row, now)]
        known = {row.pk for row in amiss}
        others = [row for row in rows if row.pk not in known]
        differing = []
        for row in self._in_time([*amiss, *self._in_turn(others)]):
            look = self._look(row)
            if not self._agrees(look, running[row.workflow_id]):
                differing.append(look)
        for look in differing:
            self.report.add(self._safely(look))

    def _in_turn(self, rows: list[Request]) -> list[Request]:
        """All of them, if there are few or all are wanted; else the next after the last that was asked."""
        if self.all_rows or len(rows) <= EACH_RUN:
            return rows
        last = drift.last()
        after = [row for row in rows if row.pk > (last.asked_to if last else 0)] or rows
        self.asked_to = after[EACH_RUN - 1].pk if len(after) > EACH_RUN else 0
        return after[:EACH_RUN]

    def _agrees(self, look: Look, found: Described) -> bool:
        """One that does not answer is busy, and is not known to differ."""
        try:
            return look.agrees(found)
        except client.Unreachable:
            raise
        except client.ClientError as error:
            log.debug("%s was not asked: %s", look.row.reference, error)
            return not isinstance(error, client.NotFound)

    def _safely(self, look: Look) -> Found:
        try:
            return look.run()
        except client.Unreachable:
            raise
        except client.ClientError as error:
            return Found(f"{look.row.reference} could not be compared: {error}")

    # --- workflows without an open row ---------------------------------------------------------------------------

    def _without_open_row(self, ids: set[str], running: dict[str, Described]) -> None:
        """The row is closed, and the list lags or somebody has reset the workflow; or there is no row."""
        newest = timezone.now() - YOUNG
        listed = [running[id] for id in ids if running[id].started_at < newest.timestamp()]
        for part in (listed[at : at + 500] for at in range(0, len(listed), 500)):
            rows = Request.objects.filter(workflow_id__in=[each.workflow_id for each in part]).order_by("pk")
            known = {row.workflow_id: row for row in rows}
            closed = [row for row in known.values() if row.closed_at and row.closed_at < newest]
            for row in self._in_time(closed):
                self.report.add(self._safely(self._look(row)))
            for found in part:
                if found.workflow_id not in known and time.monotonic() < self.until:
                    self.pace.wait()
                    self.report.add(self._lost(found))

    def _lost(self, listed: Described) -> Found:
        """A request that runs and has no row; unless it has not done its first step yet, or is not there any more."""
        what = f"The workflow {listed.workflow_id} runs, and the index has no row of it"
        if not self.asking:
            return Found(f"{what}. No worker runs to ask it.")
        try:
            found = client.describe(listed.workflow_id)
            told = told_by(found) if found.status == "RUNNING" else None
            if not isinstance(told, dict) or not told.get("uuid"):
                return AGREES
            wanted = target(told)
            if wanted is None or self.dry:
                return Found(f"{what}. It would be written down again.")
            row = mending.recreate(found, client.given_to(found.workflow_id, run_id=found.first_run_id), wanted)
        except client.NotFound:
            return AGREES
        except client.Unreachable:
            raise
        except client.ClientError as error:
            return Found(f"{what}. It could not be asked: {error}")
        return Found(f"{row.reference} had been lost, and was written down again.", mended=True)


def _amiss(row: Request, now: datetime) -> bool:
    """Whether the row alone shows that it lags: what takes a moment has lasted, or a deadline has passed."""
    lasted = now - row.updated_at
    if row.status == Status.WAITING:
        return lasted > LASTED if row.deadline is None else now - row.deadline > LASTED
    return row.status == Status.NOT_STARTED and lasted > LASTED


def run(
    *,
    dry_run: bool = False,
    asking: bool = True,
    all_rows: bool = False,
    forgotten: bool = False,
    longest: float = LONGEST,
) -> Report:
    """Compare and mend once. Raises the client's errors where Temporal cannot be asked at all."""
    began = time.monotonic()
    round = Round(dry=dry_run, asking=asking, all_rows=all_rows, forgotten=forgotten, longest=longest)
    report = round.run()
    if not dry_run:
        _note(report, time.monotonic() - began, round.asked_to)
    for sentence in report.said[:SENTENCES]:
        log.info("%s", sentence)
    return report


def _note(report: Report, seconds: float, asked_to: int) -> None:
    now, before = timezone.now(), drift.last()
    with write(nudge=False):
        Reconciliation.objects.create(
            at=now,
            seconds=seconds,
            compared=report.compared,
            differing=report.differing,
            repaired=report.repaired,
            repaired_ever=(before.repaired_ever if before else 0) + report.repaired,
            asked_to=asked_to,
            said=report.said[:SENTENCES],
        )
        Reconciliation.objects.filter(at__lt=now - KEPT).delete()


def on_schedule() -> dict[str, int]:
    """What the worker calls: it is alive itself, so workflows are asked."""
    report = run()
    return {"compared": report.compared, "differing": report.differing, "repaired": report.repaired}
