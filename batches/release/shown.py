"""The question of a batch as its pages and the terminal show it: whom it waits for, what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.models import Request, Step
from approvals.rows import a_level_is_open, level_titles, person_name
from batches.models import Batch, Release, State


@dataclass(frozen=True)
class LevelShown:
    """What everybody who sees the batch may know of a level: not what was said, nor who could decide."""

    title: str
    state: str
    label: str
    who: str
    at: datetime | None
    deadline: datetime | None


@dataclass(frozen=True)
class Asked:
    """The latest question; ``number``: how often it was asked."""

    batch: Batch
    release: Release
    number: int

    @property
    def request(self) -> Request:
        return self.release.request

    @property
    def waits(self) -> bool:
        return self.batch.state == State.AWAITING

    @property
    def changed(self) -> bool:
        return self.batch.state == State.CHANGED

    @property
    def declined(self) -> bool:
        return self.batch.state == State.DECLINED

    @property
    def level(self) -> str:
        """By its title, the one that decides now; "" where none does."""
        name = self.request.current_level
        return level_titles().get(name, name) if a_level_is_open(self.request) else ""

    @property
    def deadline(self) -> datetime | None:
        return self.request.deadline if self.level else None

    @property
    def levels(self) -> Sequence[LevelShown]:
        titles = level_titles()
        return [_level(step, titles) for step in self.request.steps.select_related("decided_by").order_by("index")]

    @property
    def approvers(self) -> Sequence[str]:
        return [level.who for level in self.levels if level.state == Step.State.APPROVED]


def _level(step: Step, titles: dict[str, str]) -> LevelShown:
    deadline = step.deadline if step.state == Step.State.OPEN else None
    who = person_name(step.decided_by) or step.decided_by_name
    label = str(Step.State(step.state).label)
    return LevelShown(titles.get(step.level, step.level), step.state, label, who, step.decided_at, deadline)


def asked_of(row: Batch) -> Asked | None:
    """None: nobody had to be asked."""
    releases = list(row.releases.select_related("request", "request__requester").order_by("pk"))
    return Asked(row, releases[-1], len(releases)) if releases else None
