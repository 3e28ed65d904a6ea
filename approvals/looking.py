"""One request against Temporal: what is with its workflow, and the row put right where that can be done truthfully."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from approvals import judging, mending
from approvals.drift import Missing
from approvals.follow import Target, target
from approvals.models import Request
from approvals.recording import moment
from live import reader
from live.writes import write
from worker import client
from worker.client import Described

SETTLED = timedelta(seconds=1)
"""A row that was written this recently is let be: what workflow and row say differs for a moment, each time."""
SURE = 1.0
"""Seconds between the two answers that must both differ before a row is changed."""
HEARD = timedelta(minutes=1)
"""Within it a workflow hears what was recorded for it; later, somebody has reset it to before that."""


@dataclass(frozen=True)
class Found:
    """What came of looking at one request: nothing, a row that was put right, or one that still differs.

    ``changed``: what was put right, by name: fields of the row, and steps by their number.
    """

    sentence: str = ""
    mended: bool = False
    missing: bool = False
    changed: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.sentence) and not self.mended


AGREES = Found()


class Look:
    """At one row. ``dry``: say what would be done. ``asking``: a worker lives, so that workflows answer.

    ``grace``: how long a workflow must have been missing before its request is closed; None: it is not.
    ``differed_at``: when (monotonic) its workflow has said something else already; it is asked once more then.
    """

    def __init__(
        self,
        row: Request,
        *,
        dry: bool = False,
        asking: bool = True,
        grace: timedelta | None = None,
        differed_at: float = 0.0,
    ) -> None:
        self.row = row
        self.dry = dry
        self.asking = asking
        self.grace = grace
        self._differed_at = differed_at

    def agrees(self, found: Described) -> bool:
        """Whether the workflow, running as Temporal's list has it, says what the row says: one query."""
        return self._differing(found) is None

    def run(self) -> Found:
        """May raise the client's errors: Temporal cannot be asked just now."""
        try:
            found = self._described()
        except client.NotFound:
            return self._forgotten()
        self._is_there()
        if found.status == "RUNNING":
            return self._follows(found)
        if not self.row.is_open:
            return AGREES
        if found.status == "COMPLETED":
            return self._follows(found, client.result(found.workflow_id, run_id=found.run_id))
        if found.status == "CONTINUED_AS_NEW":
            return AGREES
        return self._ended(found)

    def _described(self) -> Described:
        """The run that goes on with the request; after a reset that is another than its first."""
        row = self.row
        latest = client.describe(row.workflow_id)
        if latest.first_run_id == row.first_run_id:
            return latest
        return client.describe(row.workflow_id, run_id=row.first_run_id)

    # --- it has ended, or is not there ---------------------------------------------------------------------------

    def _ended(self, found: Described) -> Found:
        ending = client.ending(found.workflow_id, run_id=found.run_id)
        why = mending.in_words(ending)
        return self._closes(why, how=ending.status.lower(), at=found.closed_at, by=ending.by)

    def _closes(self, why: str, *, how: str, at: float = 0.0, by: str = "") -> Found:
        if self.dry:
            return self._says(f"would be closed. {why}")
        closed = mending.end_outside(self.row, reason=why, how=how, at=moment(at) if at else None, by=by)
        return self._says(f"was closed. {why}", changed=["status"]) if closed else AGREES

    def _forgotten(self) -> Found:
        """What Temporal forgets after its retention was closed long before: of closed rows that is not drift."""
        if not self.row.is_open:
            return AGREES
        since = self._missing_since()
        if self.grace is not None and timezone.now() - since >= self.grace:
            return self._closes(mending.FORGOTTEN, how="forgotten")
        return self._says("is open, but Temporal does not know its workflow.", missing=True)

    def _is_there(self) -> None:
        if not self.dry and Missing.objects.filter(request=self.row).exists():
            with write(nudge=False):
                Missing.objects.filter(request=self.row).delete()

    def _missing_since(self) -> datetime:
        if self.dry:
            known = Missing.objects.filter(request=self.row).first()
            return known.since if known else timezone.now()
        with write(nudge=False):
            return Missing.objects.get_or_create(request=self.row, defaults={"since": timezone.now()})[0].since

    # --- the workflow is asked -----------------------------------------------------------------------------------

    def _follows(self, found: Described, result: object = None) -> Found:
        if not self.asking:
            return AGREES if found.status == "RUNNING" else self._says("has ended, but no worker runs to be asked how.")
        if not self._differed_at and self._differing(found) is None:
            return AGREES
        time.sleep(max(0.0, SURE - (time.monotonic() - self._differed_at)))
        before = self.row.updated_at
        self.row.refresh_from_db()
        wanted = self._differing(found)
        if wanted is None or self.row.updated_at != before:
            return AGREES
        return self._mends(wanted, found, result)

    def _differing(self, found: Described) -> Target | None:
        """What the row should be, if it is not so by now."""
        row = self.row
        if timezone.now() - row.updated_at < SETTLED:
            return None
        wanted = target(told_by(found))
        steps = list(row.steps.all())
        if wanted is None or not wanted.differs(row, steps):
            return None
        closed = not row.is_open and wanted.row["status"] != row.status
        if closed and timezone.now() - row.updated_at < timedelta(seconds=10):  # it is about to return
            return None
        self._differed_at = self._differed_at or time.monotonic()
        return wanted

    def _mends(self, wanted: Target, found: Described, result: object) -> Found:
        row, steps = self.row, list(self.row.steps.all())
        recorded = [step for step in wanted.undoes(steps) if self._on_record(step.level)]
        if recorded:
            if timezone.now() - row.updated_at < HEARD:
                return AGREES
            return self._says("is decided on record where its workflow, reset or held up, still waits. It is left so.")
        what = ", ".join(wanted.differs(row, steps))
        if self.dry:
            return self._says(f"would follow its workflow: {what}.")
        given = result if isinstance(result, dict) else None
        closed_at = moment(found.closed_at) if found.closed_at else None
        changed = mending.follow(row, wanted, result=given, closed_at=closed_at)
        return self._says(f"follows its workflow again: {what}.", changed=changed) if changed else AGREES

    def _on_record(self, level: str) -> bool:
        level = "" if self.row.workflow_type == judging.SINGLE else level
        return self.row.attempts.filter(state="applied", level=level).exists()

    def _says(self, what: str, *, changed: Sequence[str] = (), missing: bool = False) -> Found:
        return Found(f"{self.row.reference} {what}", bool(changed), missing, tuple(changed))


def told_by(found: Described) -> object:
    """What the workflow says of itself: one that runs through the one reader, a closed one past it."""
    query = "get_status" if found.workflow_type == judging.SINGLE else "get_approval_status"
    if found.status != "RUNNING":
        return client.query(found.workflow_id, query, run_id=found.run_id, timeout=5.0, closed_too=True)
    reading = reader.read(found.workflow_id, query, max_age=0)
    if not reading.fresh:
        raise client.Unknown(reading.error)
    return reading.value


def settle(row: Request) -> None:
    """A click, or a page, has found that the workflow is gone: the row is put right at once, if that can be known."""
    row.refresh_from_db()
    try:
        Look(row).run()
    except client.ClientError:
        pass  # the reconciler comes by anyway
    row.refresh_from_db()
