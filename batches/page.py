"""The page of one batch as it is now: its numbers, its bar and what is left, as its workflow says them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import Http404
from django.utils import timezone

from approvals.recording import moment
from batches import eta, figures, item_groups, paced
from batches.bars import Bar, bar
from batches.children import Children, children_of
from batches.eta import Left
from batches.evidence import Evidence, evidence
from batches.faces import Face, face_of
from batches.figures import Said
from batches.kept import Kept
from batches.levels import Level, levels
from batches.models import Batch, Kind, Schedule, State
from batches.reasons import Why
from batches.starting.sums import binding, split_above
from batches.told import Progress, Told, told
from batches.under_way import UnderWay, under_way
from batches.why import why
from live.elsewhere import workflow_url
from worker.batch_contract import read_pace

GUESSED_FOR = 5.0
"""Seconds for which a guess holds: what is left is said anew more often, from when it was thought to end."""

QUIET = 10.0
"""Seconds without the end of a chunk, from which that is said."""
LITTLE = 0.01
"""Of all items: so many are worth a number of their own."""

_guesses: Kept[Left | None] = Kept(500)


@dataclass(frozen=True)
class BatchPage:
    """What changes by the half second."""

    told: Told
    now: datetime

    @property
    def row(self) -> Batch:
        return self.told.row

    @property
    def progress(self) -> Progress:
        return self.told.progress

    @property
    def state(self) -> str:
        return self.told.state

    @cached_property
    def groups(self) -> Progress | None:
        """Of a batch that is grouped by a column: as it tells them, and once it has ended as they were kept."""
        if not (self.row.spec.get("group_by") or self.progress.get("group_by")):
            return None
        kept = item_groups.told(self.row) if self.row.closed_at or self.state == State.STARTED else None
        return kept or (self.progress if self.progress.get("groups") else None)

    @property
    def split_above(self) -> int | None:
        """A group of more items was, or will be, several children; None: there is none."""
        groups = (self.groups or {}).get("groups") or ()
        limits, _errors = read_pace(self.progress.get("pace"))
        service = str(self.progress.get("service") or "")
        return split_above(binding(limits, service), max((group["items"] for group in groups), default=0))

    @property
    def children(self) -> Children | None:
        return children_of(self.told)

    @property
    def face(self) -> Face:
        return face_of(self.state)

    @cached_property
    def schedule(self) -> Schedule | None:
        """The one that began it, by the clock."""
        if self.row.known != "system":
            return None
        return Schedule.objects.filter(runs__batch=self.row).first()

    @property
    def counted(self) -> bool:
        """Its items have been counted."""
        return bool(self.progress["total"])

    # --- its numbers --------------------------------------------------------------------------------------------

    @property
    def ended(self) -> int:
        return int(self.progress["succeeded"] + self.progress["degraded"] + self.progress["failed"])

    @property
    def done(self) -> str:
        return figures.percent(self.ended, self.progress["total"])

    @property
    def speed(self) -> Said | None:
        """Of the last minute, or on the whole once it has ended. None: it does not move, or nobody knows."""
        if self.row.closed_at:
            seconds = self.seconds
            return figures.speed(self.ended / seconds) if seconds and self.ended else None
        moves = self.told.live and self.state in (State.RUNNING, State.PAUSING, State.STOPPING)
        if not moves or self.said_with_a_chunk:
            return None
        said, at = float(self.progress.get("rate") or 0.0), self.now.timestamp()
        found = paced.speed(self.row, self.ended, at) if paced.unsteady(self.row, at) else said
        return None if found is None else figures.speed(found)

    @property
    def quiet(self) -> float:
        """Seconds since the last chunk ended, where that is long for this batch; else 0."""
        if not self.told.live or self.state != State.RUNNING or not self.ended or self.reduces:
            return 0.0
        still = paced.still(self.row, self.ended, self.now.timestamp())
        return still if still > max(QUIET, 2 * float(self.progress.get("median_seconds") or 0.0)) else 0.0

    @property
    def said_with_a_chunk(self) -> bool:
        """It runs, and no speed is known before its first chunk has ended."""
        return self.told.live and not self.ended and bool(self.progress.get("chunks_in_flight"))

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        begun, end = self.row.begun_at or self.row.created_at, self.row.closed_at or self.now
        return max(0.0, (end - begun).total_seconds())

    @cached_property
    def left_seconds(self) -> Left | None:
        """None: nobody can say, and ``no_guess`` says why."""
        goes_on = self.told.live and self.state == State.RUNNING and not self.reduces and not self.all_held
        return self._left if goes_on else None

    @cached_property
    def left(self) -> Said | None:
        return figures.time_left(self.left_seconds) if self.left_seconds else None

    @property
    def _left(self) -> Left | None:
        at = self.now.timestamp()
        key = (self.row.uuid, self.row.written, int(at / GUESSED_FOR))
        ends = _guesses.get(key, lambda: paced.ends(self.row, self.ended, at))
        return Left(max(0.0, ends.low - at), max(1.0, ends.high - at)) if ends else None

    @property
    def no_guess(self) -> str:
        """ "paused", "early" (before the tenth of its items), "soon", "still", "reduces" (nobody knows how long that
        takes), "held", "unknown"; "" where there is a guess."""
        if self.row.closed_at or self.left:
            return ""
        if self.state in (State.PAUSED, State.PAUSING):
            return "paused"
        if not self.told.live or self.state != State.RUNNING:
            return "unknown"
        if self.reduces:
            return "reduces"
        if self.all_held:
            return "held"
        if self.ended < eta.FROM * self.progress["total"]:
            return "early"
        return "soon" if self.progress.get("rate") else "still"

    @property
    def failed(self) -> str:
        return figures.percent(self.progress["failed"], self.progress["total"])

    @property
    def tolerated(self) -> str:
        """A share in percent; "" where it was not told."""
        return _in_percent(self._tolerated)

    @property
    def ordered_tolerance(self) -> str:
        """The same as it was ordered, for one that has not begun."""
        return self.tolerated or _in_percent(self.row.spec.get("tolerated_failure_rate"))

    @property
    def too_many_failed(self) -> bool:
        share = self._tolerated
        return share is not None and bool(self.progress["failed"] > share * self.progress["total"])

    @property
    def _tolerated(self) -> float | None:
        share = self.progress.get("tolerated_failure_rate")
        return None if share is None else float(share)

    @property
    def rungs(self) -> list[tuple[str, int]]:
        """Who served in the place of the job, and how many items; who served most comes first."""
        served = [(name, number) for name, number in (self.progress.get("rungs") or {}).items() if number]
        return sorted(served, key=lambda each: (-each[1], each[0]))

    @property
    def holding(self) -> dict[str, Any]:
        """Which circuit holds items, since when the first, and when that fails at the latest. Empty: none does."""
        found = self.progress.get("holding") if self.row.closed_at is None else None
        return {**found, **{name: moment(found[name]) for name in ("since", "until")}} if found else {}

    @property
    def all_held(self) -> bool:
        """All that is left waits until a circuit lets it through, but for what is tried there now."""
        return self.row.closed_at is None and bool(self.progress["held"]) and not self.progress["pending"]

    @cached_property
    def bar(self) -> Bar:
        return bar(self.progress, over=self.row.closed_at is not None)

    @cached_property
    def why(self) -> Why | None:
        """Why it is not faster. Nothing is said of one that does not answer, but that."""
        return why(self.progress, self.evidence, self.now.timestamp()) if self.told.live else None

    @cached_property
    def evidence(self) -> Evidence:
        return evidence(self.told)

    @cached_property
    def under_way(self) -> UnderWay:
        """What is known of the items within chunks that still run."""
        work = self.evidence.work
        return under_way(self.progress, work.beats if work else None)

    @property
    def done_with_those(self) -> str:
        """Counting what has ended within them; "" where it makes no difference to speak of."""
        total, more = self.progress["total"], self.under_way.ended
        return figures.percent(self.ended + more, total) if more >= LITTLE * total else ""

    # --- a MapReduce ----------------------------------------------------------------------------------------------

    @property
    def mapreduce(self) -> bool:
        return self.row.kind == Kind.MAPREDUCE

    @property
    def reduces(self) -> bool:
        """Its items are mapped, and their partial results are being put together."""
        return self.progress.get("phase") == "reduce" and not self.row.closed_at

    @property
    def levels(self) -> Sequence[Level]:
        """Of its tree of reduces, the first one first."""
        return levels(self.progress, self.row.data)

    # --- what it is about ---------------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The file's name, where there is one."""
        return self.row.source_name

    @property
    def inline(self) -> int:
        return int((self.row.spec.get("source") or {}).get("inline") or 0)

    @property
    def failed_of(self) -> str:
        return str((self.row.spec.get("source") or {}).get("failed_of") or "")

    @property
    def one_cause(self) -> bool:
        """Of those failed items only the ones of one cause."""
        return bool((self.row.spec.get("source") or {}).get("group"))

    @property
    def errors(self) -> Sequence[str]:
        """Why it could not be begun."""
        return (self.row.result or {}).get("errors") or []

    @property
    def paused_at(self) -> datetime | None:
        at = self.progress.get("paused_at")
        return moment(at) if at else None

    @property
    def paused_by_itself(self) -> bool:
        """Too much had failed: somebody has to look."""
        return bool(self.progress.get("paused_reason")) and not self.progress.get("paused_by") and self.too_many_failed

    @property
    def nothing_left(self) -> bool:
        return self.counted and not self.progress["pending"] and not self.progress["running"]

    @property
    def problems(self) -> Any:
        found = self.progress.get("problems") or {}
        return found if found.get("count") else None

    @property
    def temporal_url(self) -> str:
        return temporal_url(self.row)


def _in_percent(share: float | None) -> str:
    return "" if share is None else figures.digits(100 * share, 0 if (100 * share).is_integer() else 1)


def batch_page(uuid: str) -> BatchPage:
    """Raises Http404 for what no row knows."""
    found = told(uuid)
    if found is None:
        raise Http404
    return BatchPage(found, timezone.now())


def temporal_url(row: Batch) -> str:
    """Its workflow in Temporal's own pages, where their address is known."""
    return workflow_url(row.workflow_id, row.run_id) if row.first_run_id else ""
