"""What the tests of releases share: limits, orders over a file, decisions as on the site, and the chore of a worker."""

import uuid
from pathlib import Path

import pytest

from approvals import services as approvals
from approvals.models import Attempt, Status
from batches.models import Batch, Release
from batches.release import settling
from batches.starting import origins, services
from tests.batches.clock.conftest import clock as clock  # a fixture
from tests.batches.terminal.conftest import batch as batch  # a fixture
from tests.temporal import until

ROWS = "iata,city\n" + "".join(f"A{n:03},City {n}\n" for n in range(30))


class Front:
    """Batches of more than three items are asked for; an item costs 2.50."""

    def __init__(self, olga, upload) -> None:
        self.olga, self.upload = olga, upload

    def order(self, by=None, **spec) -> Batch:
        given = {"title": "Airports", "job": "told", "source": {"items": [1, 2, 3, 4]}, "chunk_size": 10, **spec}
        return services.begin(spec=given, by=by or self.olga, uuid=given.pop("uuid", uuid.uuid4()))

    def over_file(self, rows: str = ROWS, **spec) -> tuple[Batch, Path]:
        uri = self.upload(rows)
        row = self.order(source={"uri": uri, "format": "csv"}, **spec)
        return row, Path(uri.removeprefix("file://"))

    def release(self, row: Batch) -> Release:
        return Release.objects.select_related("request").filter(batch=row).latest("pk")

    def waits(self, row: Batch, level: str = "manager") -> None:
        request = self.release(row).request

        def there() -> bool:
            request.refresh_from_db()
            return request.status == Status.WAITING and request.current_level == level

        until(there, what=f"{request.reference} waits for {level}")

    def closed_by_withdrawal(self, row: Batch) -> None:
        self.decided(row, row.user, "withdraw", comment="Not now.")
        self.closed(row)

    def decided(self, row: Batch, by, verdict="approve", level="manager", comment="", **more) -> approvals.Receipt:
        """Clicked on the site, as soon as that level is open."""
        self.waits(row, level)
        request = self.release(row).request
        level = "" if verdict == "withdraw" else level
        given = {"comment": comment, "decision_id": str(uuid.uuid4()), "shown": "", **more}
        return approvals.decide(request=request, verdict=Attempt.Verdict(verdict), level=level, by=by, **given)

    def closed(self, row: Batch) -> None:
        request = self.release(row).request

        def there() -> bool:
            request.refresh_from_db()
            return not request.is_open

        until(there, what=f"{request.reference} is closed")

    def becomes(self, row: Batch, state: str) -> Batch:
        """With the chore that each worker does every second."""

        def there() -> bool:
            settling.settle_closed()
            row.refresh_from_db()
            return row.state == state

        until(there, what=f"it is {state}")
        return row


@pytest.fixture
def limits(settings):
    settings.BATCH_APPROVAL_ITEMS = 3
    settings.BATCH_ITEM_COSTS = {"told": "2.50"}
    origins._looked.cache_clear()
    return settings


@pytest.fixture
def front(limits, house, told, olga, upload):
    return Front(olga, upload)
