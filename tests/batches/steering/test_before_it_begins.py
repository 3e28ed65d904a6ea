"""What is ordered of a batch before its items are counted."""

import pytest

from batches.models import Batch, Order
from tests.temporal import InProcess, decisions_worker
from worker import client as door


@pytest.fixture
def nobody_counts(batches):
    """Workflows are served, work is not: as with a file that takes long, or a folder that does not answer."""

    async def serve(over, up):
        async with decisions_worker(await door.connect(patient=True)):
            up()
            await over.wait()

    batches.house.worker.stop()
    worker = InProcess(serve)
    worker.start()
    yield
    worker.stop()


@pytest.mark.usefixtures("nobody_counts")
def test_cancelled_it_ends_at_once_and_what_else_was_ordered_came_too_late(batches):
    batch = batches.start([1, 2])
    batch.becomes("preparing")
    batch.signal("pause", "otto", "wait", "first")
    batch.signal("cancel", "olga", "the wrong file", "second")
    batch.signal("resume", "otto", "", "third")
    result = batch.result()
    assert (result["status"], result["total"], result["reason"]) == ("cancelled", 0, "the wrong file")
    events = list(batch.row.events.order_by("number").values_list("kind", "cause", "actor", "order"))
    assert events == [
        ("refused", "over", "otto", "first"),
        ("cancelling", "cancelled", "olga", "second"),
        ("refused", "over", "otto", "third"),
    ]
    assert (batch.row.state, batch.row.closed_at is None) == ("cancelled", False)


@pytest.mark.usefixtures("nobody_counts")
def test_cancelled_before_its_first_task_it_is_not_prepared_either(batches):
    batch = batches.start([1, 2])
    batch.signal("cancel", "olga", "the wrong file")
    assert batch.result()["status"] == "cancelled"


@pytest.mark.usefixtures("nobody_counts")
def test_a_click_that_cancels_it_is_applied_as_a_click(steered, olga):
    """A batch that was ordered on the site has its row before it begins."""
    batch = steered.batches.start([1, 2])
    steered.batch = batch
    batch.becomes("preparing")
    row = Batch.objects.create(
        uuid=batch.handle.id.removeprefix("batch-"),
        workflow_id=batch.handle.id,
        first_run_id=batch.handle.first_execution_run_id,
    )
    receipt = steered.click(olga, "cancel", batch=row, shown=None)
    assert receipt.state == "recorded"
    assert batch.result()["status"] == "cancelled"
    assert Order.objects.get().state == "applied"
    assert row.events.get().known == "signed_in"
