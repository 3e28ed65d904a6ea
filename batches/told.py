"""What a batch says of itself: its workflow, asked through the one reader; else what is known of it last."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.recording import moment
from batches import queries
from batches.models import HELD_BACK, Batch, State
from live import reader
from live.once import once
from live.queries import system
from worker.batch_telling import NOTHING

ASKED_AT_ONCE = 20
"""Batches of a list that are asked in one turn; the others are as they were written down."""
ONE, LIST = 0.45, 0.95
"""Seconds for which an answer will do, on the page of one and on the list: whoever else looks, nobody asks again."""

Progress = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """``progress`` is as ``get_progress`` answers, whoever said it. Not ``live``: as of ``at``, and ``why``."""

    row: Batch
    progress: Progress
    at: datetime | None = None
    live: bool = False
    why: str = ""
    """ "held_back" (somebody has to approve it first), "not_started" (ordered, Temporal has not taken it yet),
    "no_worker", "no_temporal", "no_answer", "gone" (its workflow does not run), "index" (not asked), "ended",
    "alone" (its workflow has ended, and its children go on)."""

    @property
    def state(self) -> str:
        return str(self.progress["state"])

    @property
    def ended(self) -> bool:
        return self.why == "ended"


def told(uuid: str | UUID) -> Told | None:
    """None: there is no such batch."""
    row = queries.batch(uuid)
    return _told(row, ONE) if row else None


def all_told(rows: Sequence[Batch]) -> list[Told]:
    """In their order. One that does not answer ends the turn: with a dead worker each would cost its whole deadline."""
    found: list[Told] = []
    asked, silent = 0, False
    for row in rows:
        open_ = row.closed_at is None
        if open_ and (silent or asked >= ASKED_AT_ONCE):
            found.append(replace(last_known(row), why="no_answer" if silent else "index"))
            continue
        found.append(_told(row, LIST))
        asked += open_
        silent = silent or found[-1].why == "no_answer"
    return found


def _told(row: Batch, max_age: float) -> Told:
    """What has ended is read from its row alone: Temporal may have forgotten it."""
    if row.closed_at is not None:
        return replace(last_known(row), why="ended")
    if row.state in HELD_BACK:
        return replace(last_known(row), why="held_back")
    if row.state == State.STARTED:
        return replace(last_known(row), why="alone")
    if not row.first_run_id:
        return replace(last_known(row), why="not_started")
    seen = once(("system",), system)
    if not seen.worker_alive:
        return _not_asked(row, "no_worker")
    if not seen.temporal_ok:
        return _not_asked(row, "no_temporal")
    return _ask(row, max_age)


def _not_asked(row: Batch, why: str) -> Told:
    """Nobody would answer: the newer of what it said last and what was written down, so that no number goes back."""
    reading, known = reader.last_known(row.workflow_id, "get_progress"), last_known(row)
    older = known.at and known.at.timestamp() >= reading.at
    if older or not reading.known or not _is_of(row, reading.value):
        return replace(known, why=why)
    return Told(row, reading.value, moment(reading.at), why=why)


def _ask(row: Batch, max_age: float) -> Told:
    """An answer from before the row was written is asked for again."""
    reading = reader.read(row.workflow_id, "get_progress", max_age=max_age)
    if reading.fresh and row.written_at and reading.at < row.written_at.timestamp():
        reading = reader.read(row.workflow_id, "get_progress", max_age=0)
    its_own = _is_of(row, reading.value)
    gone = reading.gone or (reading.known and not its_own)
    why = "gone" if gone else "" if reading.fresh else "no_answer"
    known = last_known(row)
    if not its_own or (why and known.at and known.at.timestamp() >= reading.at):
        return replace(known, why=why)
    return Told(row, reading.value, moment(reading.at), live=not why, why=why)


def _is_of(row: Batch, said: Any) -> bool:
    """A workflow id may be another batch's by now. One that is only preparing does not say whose it is."""
    if not isinstance(said, dict):
        return False
    named = said.get("uuid", "")
    return bool(named == str(row.uuid)) if named else not row.written


def last_known(row: Batch) -> Told:
    """As it was written down; the columns are what counts."""
    names = ("state", "total", "succeeded", "degraded", "failed", "held", "running", "pending", "title", "job")
    said = {**NOTHING, **(row.told or {}), **{name: getattr(row, name) for name in names}}
    return Told(row, said, row.written_at or row.created_at)
