"""A run whose batch somebody has to approve first: it waits, begins by itself, and is withdrawn with its run."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from batches.clock import looking, running, services
from batches.clock.asked import typed as asked_typed
from batches.models import Batch, Schedule
from batches.release import services as release
from tests.batches.clock.conftest import click
from tests.circuits.conftest import see  # noqa: F401  (a fixture: found by its name here)
from tests.temporal import until
from worker import client as door
from worker.clock_wire import BeginRun, StopRun

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


# --- when runs meet while one waits -----------------------------------------------------------------------------


def begin(row, hour):
    """As Temporal begins a run where its rule lets it: without waiting for a time of the clock."""
    at = datetime(2026, 11, 20, hour, tzinfo=UTC)
    begun = running.begin(BeginRun(str(row.uuid), f"run-{hour}", f"r{hour}", at.timestamp()))
    return Batch.objects.get(workflow_id=begun.batch)


def page_of(row, see, person):  # noqa: F811
    return " ".join(re.sub(r"<[^>]+>", " ", see(person, row.get_absolute_url())).split())


def test_left_out_is_what_comes_while_one_waits_and_the_page_says_whom_it_waits_for(
    clock, front, asked, see, maria, batch, monkeypatch  # noqa: F811
):  # fmt: skip
    monkeypatch.setattr(looking, "SETTLED", timedelta(0))
    row, run = asked(overlap=Schedule.Overlap.SKIP)
    front.waits(run.batch)
    said = page_of(row, see, clock.by)
    assert f"{run.batch.reference} waits until it is approved: Manager decides" in said
    assert "new runs are left out" in said
    assert (
        f"{run.batch.reference} waits until it is approved: Manager decides."
        in batch("schedules", "show", row.uuid).out
    )
    [told] = batch("schedules", "show", row.uuid, "--json").json["waiting"]
    assert (told["reference"], told["state"], told["level"]) == (run.batch.reference, "awaiting", "Manager")
    made = clock.run(row, beside=True)

    def left_out():
        clock.look(row)
        made.refresh_from_db()
        return made.why_not

    assert until(left_out) == "overlap"
    front.decided(run.batch, maria)
    clock.ended(run)
    assert Batch.objects.count() == 1
    assert "waits until it is approved" not in page_of(row, see, clock.by)


def test_one_that_waits_for_it_is_asked_for_itself_when_the_first_has_ended(clock, front, asked, maria):
    row, run = asked(overlap=Schedule.Overlap.BUFFER)
    made = clock.run(row, beside=True)
    clock.look(row)
    assert row.runs.count() == 1
    front.decided(run.batch, maria)
    clock.ended(run)
    second = clock.ran(made)
    assert second.batch.state == "awaiting"
    front.decided(second.batch, maria)
    clock.ended(second)
    assert list(Batch.objects.order_by("pk").values_list("state", flat=True)) == ["completed", "completed"]


def test_beside_each_other_each_is_asked_for_and_approving_one_begins_that_one(clock, front, see, maria):  # noqa: F811
    clock.put("orders.csv", MANY)
    row = clock.schedule(overlap=Schedule.Overlap.ALLOW)
    first, second = begin(row, 1), begin(row, 2)
    front.waits(first)
    front.waits(second)
    said = page_of(row, see, clock.by)
    assert said.count("waits until it is approved: Manager decides") == 2
    assert "New runs begin meanwhile" in said
    front.decided(second, maria)
    front.becomes(second, "completed")
    first.refresh_from_db()
    assert first.state == "awaiting"
    front.closed_by_withdrawal(first)


def test_ended_at_once_by_the_next_run_it_cannot_be_approved_any_more(clock, front):
    clock.put("orders.csv", MANY)
    row = clock.schedule(overlap=Schedule.Overlap.TERMINATE)
    first = begin(row, 1)
    front.waits(first)
    second = begin(row, 2)
    front.closed(first)
    assert front.becomes(first, "declined").result["outcome"] == "withdrawn"
    second.refresh_from_db()
    assert second.state == "awaiting"
    front.closed_by_withdrawal(second)


@pytest.mark.parametrize("overlap", [Schedule.Overlap.CANCEL, Schedule.Overlap.TERMINATE])
def test_one_that_has_changed_since_is_dropped_for_the_next(clock, front, maria, see, overlap):  # noqa: F811
    clock.put("orders.csv", MANY)
    row = clock.schedule(overlap=overlap)
    first = begin(row, 1)
    front.waits(first)
    clock.put("orders.csv", MANY.replace("w1", "x1"))
    front.decided(first, maria)
    front.becomes(first, "changed")
    said = page_of(row, see, clock.by)
    assert f"{first.reference} was approved, and has changed since: operators ask again" in said
    if overlap == Schedule.Overlap.CANCEL:  # the run is cancelled by Temporal, and asks for that
        assert running.stop(StopRun(str(row.uuid), row.runs.get().at.timestamp()))
    second = begin(row, 2)
    first.refresh_from_db()
    assert (first.state, first.result["outcome"], second.state) == ("declined", "dropped", "awaiting")
    front.closed_by_withdrawal(second)


def test_changed_since_it_is_asked_again_and_the_run_lasts_until_that_has_ended(clock, front, asked, maria, olga):
    _row, run = asked()
    front.waits(run.batch)
    clock.put("orders.csv", MANY + "w9\n")
    front.decided(run.batch, maria)
    batch = front.becomes(run.batch, "changed")
    assert running.tell_ended() == 0
    release.ask_again(batch=batch, by=olga)
    batch.refresh_from_db()
    front.decided(batch, maria)
    clock.ended(run)
    batch.refresh_from_db()
    assert (batch.state, batch.succeeded) == ("completed", 6)


def test_a_change_of_the_schedule_is_for_the_next_run_not_for_the_one_that_waits(clock, front, maria):
    clock.put("orders.csv", MANY)
    row = clock.schedule(overlap=Schedule.Overlap.ALLOW)
    first = begin(row, 1)
    services.change(
        schedule=row, given=asked_typed(row), spec={**row.spec, "job": "told_quick"}, click=click(clock.by)
    )  # fmt: skip
    second = begin(row, 2)
    front.decided(first, maria)
    assert front.becomes(first, "completed").job == "told"
    assert second.job == "told_quick"
    front.closed_by_withdrawal(second)
