"""What a schedule is told and tells, and what the workflow that it starts gives and takes: plain data.

What that workflow is given and gives only has additive changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

PREFIX = "leitstand-batch-"
"""Of the ids of schedules."""


@dataclass(frozen=True)
class BeginRun:
    """``at``: the time for which it was scheduled, which a run that comes late keeps."""

    schedule: str
    workflow_id: str
    run_id: str
    at: float


@dataclass(frozen=True)
class BegunRun:
    """``batch``: the workflow id of what was begun; else ``error`` or ``left_out`` says why none; left out is well."""

    batch: str = ""
    error: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class StopRun:
    """The batch of this run is to end, because the schedule's next one takes its place or somebody ended the run."""

    schedule: str
    at: float


# --- schedules at Temporal --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Days:
    """Minutes, hours, days of the month, months, days of the week (0: Sunday): a time must be in all of them."""

    minutes: Collection[int]
    hours: Collection[int]
    days: Collection[int]
    months: Collection[int]
    weekdays: Collection[int]


@dataclass(frozen=True)
class Wanted:
    """A schedule as it should be at Temporal. ``version``: an older one never takes the place of a newer one.

    ``as_paused_there``: nobody has ordered a pause or its end since, so one that somebody made there stays.
    """

    schedule: str
    version: int
    days: Sequence[Days]
    zone: str
    overlap: str
    catchup_seconds: int
    jitter_seconds: int
    pause_on_failure: bool
    paused: bool
    note: str
    as_paused_there: bool = False

    @property
    def id(self) -> str:
        return f"{PREFIX}{self.schedule}"


@dataclass(frozen=True)
class Told:
    """A schedule as it is at Temporal. ``mark``: another one where anything but being paused was changed."""

    mark: str
    paused: bool
    note: str
    next: list[float] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    """Workflow ids."""
    missed: int = 0
    skipped: int = 0
