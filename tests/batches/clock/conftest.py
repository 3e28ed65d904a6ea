"""What the tests of schedules share: a folder that batches may read, schedules over its files, and the chores."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from batches.clock import looking, running, services
from batches.clock.services import Click
from batches.models import Intervention, Schedule, ScheduledRun
from tests.temporal import until
from worker import schedules as temporal
from worker.client import NotFound

SPEC = {"job": "told", "chunk_size": 2, "on_tolerance": "fail"}
GIVEN = {"kind": "nightly", "at": "02:30", "zone": "Europe/Berlin", "overlap": "skip", "catchup": "1 h"}


def click(by: Any, **more: Any) -> Click:
    return Click(by, more.pop("order_id", str(uuid.uuid4())), **more)


class Clock:
    """Schedules of one test, taken away from Temporal after it."""

    def __init__(self, folder: Path, by: Any) -> None:
        self.folder, self.by = folder, by
        self.made: list[str] = []

    def put(self, name: str, content: str = "word\nwell\n") -> Path:
        path = self.folder / name
        path.write_text(content)
        return path

    def schedule(self, pattern: str = "orders.csv", **more: Any) -> Schedule:
        spec = {**SPEC, **more.pop("spec", {})}
        who = more.pop("click", None) or click(self.by)
        given = {**GIVEN, "title": "Orders of the night", "pattern": pattern, **more}
        row = services.create(
            given=given, spec=spec, format="csv", upload=None, file=self.folder / "orders.csv", click=who
        )
        self.made.append(str(row.uuid))
        return row

    def run(self, row: Schedule, *, beside: bool = False, **more: Any) -> Intervention:
        """``beside``: another run that has not ended; else Temporal is waited for until it has seen its end."""
        if not beside:
            until(lambda: not temporal.told(str(row.uuid)).running, what="no run is under way")
        return services.run_now(schedule=row, click=click(self.by), **more)

    def ran(self, made: Intervention) -> ScheduledRun:
        """The run that was ordered, as soon as it has begun a batch or not."""
        found = made.schedule.runs.select_related("batch").exclude(batch=None, cause="")
        return until(lambda: found.filter(at=made.run_at).first(), what="the run has begun")

    def ended(self, run: ScheduledRun) -> ScheduledRun:
        """Its workflow was told; the chores are those of a worker."""

        def there() -> bool:
            running.tell_ended()
            run.refresh_from_db()
            return run.ended_at is not None

        until(there, what="the run has ended")
        return run

    def look(self, row: Schedule) -> Schedule:
        assert looking.look_at(row)
        row.refresh_from_db()
        return row

    def becomes(self, row: Schedule, **facts: Any) -> Schedule:
        """After so many looks as Temporal needs."""

        def there() -> bool:
            self.look(row)
            return all(getattr(row, name) == value for name, value in facts.items())

        until(there, what=f"the schedule is {facts}")
        return row

    @staticmethod
    def told(row: Schedule) -> temporal.Told | None:
        try:
            return temporal.told(str(row.uuid))
        except NotFound:
            return None


@pytest.fixture
def clock(house, told, olga, tmp_path, settings):
    folder = tmp_path / "sources"
    folder.mkdir()
    settings.LEITSTAND_SOURCES = [str(folder)]
    clock = Clock(folder, olga)
    clock.put("orders.csv")
    yield clock
    for named in clock.made:
        temporal.take_away(named)
