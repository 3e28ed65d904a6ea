"""A schedule begins batches: over the file of the day, once for each time, and says why where it begins none."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Entry
from batches.clock import asked, looking, running, services
from batches.clock.names import name_at
from batches.models import Batch, Schedule
from circuits.models import Episode
from tests.batches.clock.conftest import click
from tests.temporal import until
from worker import client as door
from worker import schedules as temporal
from worker.clock_wire import BeginRun


def handle(clock, house, run):
    return house.client.get_workflow_handle(run.workflow_id, run_id=run.run_id)


def status(clock, run):
    return door.describe(run.workflow_id, run_id=run.run_id).status


def test_a_run_becomes_a_batch_over_the_file_of_its_day_and_ends_with_it(clock, house):
    row = clock.schedule("orders-%Y-%m-%d.csv", days_before="1")
    made = clock.run(row)
    day = made.run_at.astimezone(UTC)  # which the file's name is made of, in the schedule's own zone
    run = clock.ran(made)
    assert run.batch is None
    assert "There is no file" in run.cause
    assert row.runs.count() == 1
    clock.put(name_at(row.pattern, day, row.zone, 1), "word\na\nb\nc\n")
    run = clock.ended(clock.ran(clock.run(row)))
    batch = run.batch
    assert (batch.state, batch.total, batch.succeeded) == ("completed", 3, 3)
    assert len(batch.spec["source"]["sha256"]) == 64
    assert (batch.user, batch.requester, batch.known) == (clock.by, "olga", "system")
    assert batch.title.startswith("Orders of the night, 20")
    assert Entry.objects.get(stream=batch.stream, kind="batch.ordered").known == "system"
    assert Entry.objects.get(stream=batch.stream, kind="batch.scheduled").data["schedule"] == row.reference
    assert house.result(handle(clock, house, run)) == {"batch": batch.workflow_id, "state": "completed"}


def test_where_there_is_no_file_ops_are_told_and_the_run_has_failed(clock):
    row = clock.schedule("gone-%Y.csv")
    run = clock.ran(clock.run(row))
    assert "gone-" in run.cause
    assert run.ended_at
    told = Episode.objects.get(subject=f"schedule-failed:{row.uuid}")
    assert told.cause == run.cause
    assert Entry.objects.get(stream=row.stream, kind="schedule.failed").data["cause"] == run.cause
    until(lambda: status(clock, run) == "FAILED")
    assert not Batch.objects.exists()


def test_a_file_that_is_the_same_as_the_last_runs_is_refused_where_that_is_wanted(clock):
    row = clock.schedule(only_new=True)
    first = clock.ended(clock.ran(clock.run(row)))
    second = clock.ran(clock.run(row))
    assert f"same as that of the run before ({first.batch.reference})" in second.cause
    clock.put("orders.csv", "word\nanother\n")
    assert clock.ended(clock.ran(clock.run(row))).batch.state == "completed"


def test_asked_twice_for_one_time_it_is_one_batch(clock):
    row = clock.schedule()
    at = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    wanted = BeginRun(str(row.uuid), "some-run", "r1", at.timestamp())
    begun = running.begin(wanted)
    assert begun.batch
    assert running.begin(wanted) == begun
    row.runs.update(batch=None)  # as if it had ended before it was written down that it was begun
    assert running.begin(wanted) == begun
    assert Batch.objects.count() == row.runs.count() == 1


def test_a_run_that_is_begun_again_under_its_time_is_told_of_the_end_too(clock):
    row = clock.schedule()
    run = clock.ended(clock.ran(clock.run(row)))
    again = BeginRun(str(row.uuid), run.workflow_id, "another-run", run.at.timestamp())
    assert running.begin(again).batch == run.batch.workflow_id
    run.refresh_from_db()
    assert (run.run_id, run.ended_at) == ("another-run", None)
    clock.ended(run)


def test_in_the_name_of_somebody_who_left_nothing_is_begun_until_it_is_taken_over(clock, boss):
    row = clock.schedule()
    clock.by.groups.clear()
    at = datetime(2026, 11, 20, tzinfo=UTC)
    said = running.begin(BeginRun(str(row.uuid), "w", "r", at.timestamp())).error
    assert "olga, who is no operator any more" in said
    services.change(schedule=row, given=asked.typed(row), click=click(boss))
    begun = running.begin(BeginRun(str(row.uuid), "w", "r", (at + timedelta(days=1)).timestamp()))
    assert Batch.objects.get(workflow_id=begun.batch).user == boss


def test_when_the_clocks_go_back_the_second_run_is_left_out_but_not_one_that_is_ordered(clock):
    row = clock.schedule(at="01:30", zone="America/New_York")
    first, second = datetime(2027, 11, 7, 5, 30, tzinfo=UTC), datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    assert running.begin(BeginRun(str(row.uuid), "w", "r", first.timestamp())).batch
    again = BeginRun(str(row.uuid), "w", "r", second.timestamp())
    assert "comes twice" in running.begin(again).left_out
    assert running.begin(again).left_out
    assert not Episode.objects.filter(subject=f"schedule-failed:{row.uuid}").exists()
    row.runs.filter(at=second).delete()
    clock.run(row)
    row.interventions.filter(action="run").update(run_at=second)
    assert running.begin(again).batch


def test_a_schedule_that_nobody_knows_says_so(clock):
    assert "not known here" in running.begin(BeginRun(str(uuid.uuid4()), "w", "r", 0.0)).error
    assert "not known here" in running.begin(BeginRun("x", "w", "r", 0.0)).error


def test_what_comes_from_outside_wedges_no_run(clock, house):
    for number, args in enumerate(([], ["x"], [{"schedule": 5}, 3], [None])):
        run = house.start(*args, workflow=temporal.WORKFLOW, id=f"odd-{uuid.uuid4()}-{number}")
        until(lambda run=run: door.describe(run.id).status == "FAILED")


def test_a_batch_that_fails_pauses_its_schedule_where_that_is_wanted(clock):
    row = clock.schedule(pause_on_failure=True, spec={"tolerated_failure_rate": 0})
    clock.put("orders.csv", "word,n\nraises,1\n")
    run = clock.ended(clock.ran(clock.run(row)))
    assert run.batch.state == "failed"
    clock.becomes(row, paused=True)
    assert "failure" in row.paused_reason
    assert row.paused_by == ""
    assert Entry.objects.filter(stream=row.stream, kind="schedule.paused", actor="system").count() == 1
    assert row.interventions.filter(action="pause", username="").count() == 1


# --- overlaps ---------------------------------------------------------------------------------------------------


@pytest.fixture
def held(clock, told):
    """A schedule whose first run is under way, and stays so."""

    def begin(overlap):
        told.open.clear()
        row = clock.schedule(overlap=overlap)
        run = clock.ran(clock.run(row))
        until(lambda: Batch.objects.get(pk=run.batch_id).state == "running")
        return row, run

    yield begin
    told.open.set()


def test_skipped_a_run_that_was_ordered_is_said_not_to_have_begun(clock, held, told, monkeypatch):
    monkeypatch.setattr(looking, "SETTLED", timedelta(0))
    row, run = held(Schedule.Overlap.SKIP)
    made = clock.run(row, beside=True)

    def left_out():
        clock.look(row)
        made.refresh_from_db()
        return made.why_not

    assert until(left_out) == "overlap"
    assert row.runs.count() == 1
    told.open.set()
    clock.ended(run)


def test_one_that_waits_begins_when_the_other_has_ended(clock, held, told):
    row, run = held(Schedule.Overlap.BUFFER)
    made = clock.run(row, beside=True)
    clock.look(row)
    made.refresh_from_db()
    assert (row.runs.count(), made.why_not) == (1, "")
    told.open.set()
    clock.ended(run)
    clock.ended(clock.ran(made))


def test_the_next_run_cancels_the_old_batch_and_begins_after_it(clock, held, told):
    row, run = held(Schedule.Overlap.CANCEL)
    made = clock.run(row, beside=True)
    until(lambda: Batch.objects.get(pk=run.batch_id).state == "stopping")
    assert row.runs.count() == 1
    told.open.set()
    clock.ended(run)
    run.batch.refresh_from_db()
    assert run.batch.state == "cancelled"
    until(lambda: status(clock, run) == "CANCELED")
    clock.ended(clock.ran(made))


def test_the_next_run_ends_the_old_batch_at_once(clock, held, told):
    row, run = held(Schedule.Overlap.TERMINATE)
    made = clock.ran(clock.run(row, beside=True))
    assert door.describe(run.batch.workflow_id).status == "TERMINATED"
    told.open.set()
    clock.ended(made)


def test_both_run_beside_each_other_where_that_is_wanted(clock, held, told):
    row, run = held(Schedule.Overlap.ALLOW)
    made = clock.ran(clock.run(row, beside=True))
    assert run.ended_at is None
    told.open.set()
    clock.ended(made)
    clock.ended(run)
