"""What the tests of orders share: a batch that stands still while it runs, and clicks on its controls."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from batches.models import Batch, Order
from batches.steering import services
from tests.batches.conftest import Batches, Running
from tests.batches.pages.conftest import alive as alive  # a fixture
from tests.circuits.conftest import via as via  # a fixture
from tests.temporal import until

STILL = {"kind": "token_bucket", "limit": 1, "per_seconds": 3_600}
"""One item, and then none for an hour."""
ITEMS = [{"n": n} for n in range(35)]


class Steered:
    """Batches that people steer."""

    def __init__(self, batches: Batches, address: str) -> None:
        self.batches = batches
        self.house = batches.house
        self.address = address
        self.batch: Running

    def begin(self, **spec: Any) -> Batch:
        """It runs, one item is done, and the others wait for the pace."""
        self.batch = self.batches.start(ITEMS, **{"pace": STILL, **spec})
        self.batch.becomes("running", succeeded=1)
        return until(lambda: Batch.objects.filter(workflow_id=self.batch.handle.id, state="running").first())

    def begin_with_failures(self, **spec: Any) -> Batch:
        """All have failed, and it waits for a word."""
        items = [{"n": n, "word": "raises" if n % 2 else "never"} for n in range(10)]
        self.batch = self.batches.start(
            items, item_attempts=1, on_tolerance="pause", tolerated_failure_rate=0.9, **spec
        )  # fmt: skip
        self.batch.becomes("paused", failed=10)
        return until(lambda: Batch.objects.filter(workflow_id=self.batch.handle.id, state="paused").first())

    @property
    def row(self) -> Batch:
        return self.batch.row

    def told(self) -> dict[str, Any]:
        return self.batch.told()

    def click(self, by: User, action: str = "pause", **more: Any) -> services.Receipt:
        """As from a page that was drawn just now."""
        row = more.pop("batch", None) or self.row
        usual = {
            "reason": "They move house",
            "wanted": {"max_parallel": 3} if action == "limits" else {},
            "order_id": str(uuid.uuid4()),
            "shown": row.told.get("interventions", 0),
            "patience": 30.0,
        }
        return services.order(batch=row, action=Order.Action(action), by=by, **{**usual, **more})


@pytest.fixture
def steered(batches: Batches, temporal_server: str) -> Steered:
    return Steered(batches, temporal_server)
