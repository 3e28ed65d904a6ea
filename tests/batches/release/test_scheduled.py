"""A run whose batch somebody has to approve first: it waits, begins by itself, and is withdrawn with its run."""

import pytest

from batches.clock import running
from batches.models import Batch, Schedule
from tests.temporal import until
from worker import client as door

MANY = "word\n" + "".join(f"w{n}\n" for n in range(5))


@pytest.fixture
def asked(clock, front):
    """A schedule whose run is asked for: its batch has more items than may be begun unasked."""

    def begin(**more):
        clock.put("orders.csv", MANY)
        row = clock.schedule(**more)
        run = clock.ran(clock.run(row))
        assert Batch.objects.get(pk=run.batch_id).state == "awaiting"
        return row, run

    return begin


def test_approved_it_begins_by_itself_and_the_run_lasts_until_then(clock, front, asked, maria, dirk):
    row, run = asked()
    assert (running.tell_ended(), len(clock.told(row).running)) == (0, 1)
    front.decided(run.batch, maria)
    run.batch.refresh_from_db()
    until(lambda: Batch.objects.get(pk=run.batch_id).state == "completed")
    clock.ended(run)
    assert Batch.objects.get().succeeded == 5


def test_rejected_it_has_ended_and_is_no_failure(clock, front, asked, maria):
    row, run = asked(pause_on_failure=True)
    front.decided(run.batch, maria, verdict="reject", comment="Not tonight")
    front.closed(run.batch)
    front.becomes(run.batch, "declined")
    clock.ended(run)
    until(lambda: door.describe(run.workflow_id, run_id=run.run_id).status == "COMPLETED")
    assert clock.look(row).paused is False


def test_the_next_run_withdraws_what_was_not_decided(clock, front, asked, maria):
    row, run = asked(overlap=Schedule.Overlap.CANCEL)
    request = front.release(run.batch).request
    made = clock.run(row, beside=True)
    front.closed(run.batch)
    front.becomes(run.batch, "declined")
    request.refresh_from_db()
    assert request.status == "withdrawn"
    clock.ended(run)
    again = clock.ran(made)
    assert again.batch.state == "awaiting"
    front.decided(again.batch, maria)
    clock.ended(again)
