"""What people order of a schedule: row, history and ledger first, Temporal afterwards; once, and not behind a back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from temporalio.client import ScheduleUpdate

from audit.models import Entry
from batches.clock import asked, looking, rules, sending, services, times
from batches.models import Intervention, Schedule, Upload
from batches.starting import uploads
from circuits.models import Episode
from tests.batches.clock.conftest import GIVEN, SPEC, click
from tests.circuits.conftest import NOBODY, via  # noqa: F401  (a fixture: found by its name here)
from tests.clicking import at_once
from worker import schedules as temporal
from worker.clock_wire import PREFIX


def kinds(row):
    return list(Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", "actor"))


def old(row):
    """What was ordered long enough ago that its own click is not at it any more."""
    Intervention.objects.filter(schedule=row).update(made_at=timezone.now() - timedelta(seconds=9))


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("30 2 * * *", "Europe/Berlin"),
        ("30 1,2 7,14 3,11 *", "America/New_York"),
        ("30 1 25-31 10 *", "Europe/Berlin"),
        ("30 2 28,31 3,10 *", "Europe/Berlin"),
        ("15 2 1,15 */2 5", "Australia/Lord_Howe"),
    ],
)
def test_the_next_times_that_are_shown_before_are_those_of_temporal(clock, cron, zone):
    row = clock.schedule(kind="cron", cron=cron, zone=zone)
    named = [datetime.fromtimestamp(at, UTC) for at in clock.told(row).next]
    told = times.without_extra(cron, zone, [at for at in named if at > timezone.now()])
    assert len(told) >= 8
    assert times.coming(cron, zone, timezone.now(), len(told)) == told


def test_temporal_is_handed_what_was_ordered(clock):
    row = clock.schedule(kind="weekly", weekdays=["1", "5"], overlap="buffer", jitter="5 m", pause_on_failure=True)
    found = clock.told(row)
    assert row.sent
    assert (found.paused, found.note) == (False, f"{row.reference} Orders of the night")
    assert row.mark == found.mark
    services.change(schedule=row, given={**asked.typed(row), "overlap": "skip"}, click=click(clock.by))
    assert clock.told(row).mark != found.mark


def test_paused_resumed_and_deleted_it_is_so_at_temporal_and_in_the_ledger(clock):
    row = clock.schedule()
    services.pause(schedule=row, reason="They move house", click=click(clock.by))
    assert (clock.told(row).paused, clock.told(row).note) == (True, "olga: They move house")
    services.resume(schedule=row, click=click(clock.by))
    assert clock.told(row).paused is False
    services.delete(schedule=row, reason="Not needed", click=click(clock.by))
    assert clock.told(row) is None
    said = ["schedule.created", "schedule.paused", "schedule.resumed", "schedule.deleted"]
    assert kinds(row) == [(kind, "olga") for kind in said]
    assert list(row.interventions.values_list("reason", flat=True)) == ["Not needed", "", "They move house", ""]


def test_the_same_form_twice_is_one_schedule_and_one_run(clock):
    who = click(clock.by)
    rows = at_once(*[lambda: clock.schedule(click=who)] * 3)
    assert len({row.pk for row in rows}) == Schedule.objects.count() == 1
    again = click(clock.by)
    made = at_once(*[lambda: services.run_now(schedule=rows[0], click=again)] * 3)
    assert len({each.pk for each in made}) == 1
    clock.ended(clock.ran(made[0]))
    sending.trigger(made[0])  # as if its answer had been lost
    assert rows[0].runs.count() == 1


def test_what_somebody_did_after_one_had_looked_is_not_overruled(clock, boss):
    row = clock.schedule()
    services.pause(schedule=row, reason="Later", click=click(boss, shown=row.version))
    with pytest.raises(ValidationError) as refused:
        services.delete(schedule=row, reason="Gone", click=click(clock.by, shown=row.version - 1))
    row.refresh_from_db()
    assert "admin paused it after you had looked" in refused.value.messages[0]
    assert row.deleted_at is None


def test_a_used_id_is_no_other_persons_nor_another_order(clock, boss):
    row, who = clock.schedule(), click(clock.by)
    services.pause(schedule=row, reason="A while", click=who)
    for other in (lambda: services.resume(schedule=row, click=who), lambda: clock.schedule(click=who)):
        with pytest.raises(ValidationError) as refused:
            other()
        assert "order_id" in refused.value.message_dict


def test_only_operators_order(clock, rita):
    row = clock.schedule()
    orders = (
        lambda: services.run_now(schedule=row, click=click(rita)),
        lambda: services.pause(schedule=row, reason="No", click=click(rita)),
        lambda: clock.schedule(click=click(rita)),
    )
    for order in orders:
        with pytest.raises(PermissionDenied):
            order()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("title", " ", "Give the schedule a title"),
        ("zone", "Mars/Olympus", "no time zone “Mars/Olympus”"),
        ("at", "25:00", "from 00:00 to 23:59"),
        ("kind", "yearly", "Choose how often"),
        ("overlap", "explode", "Choose what is to happen"),
        ("catchup", "soon", "Give a span"),
        ("jitter", "3 d", "at most 24 h"),
        ("pattern", "../x.csv", "no way up"),
        ("days_before", "-1", "from 0 to 366"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(field, typed, said):
    with pytest.raises(ValidationError) as refused:
        asked.read({**GIVEN, "title": "Night", "pattern": "x.csv", field: typed}, upload=False)
    assert said in refused.value.message_dict[field][0]


def test_all_that_is_wrong_is_said_at_once():
    given = {"title": "", "kind": "weekly", "at": "x", "zone": "x", "overlap": "skip", "catchup": "1 h", "pattern": "x"}
    with pytest.raises(ValidationError) as refused:
        asked.read(given, upload=False)
    assert set(refused.value.message_dict) == {"title", "at", "zone", "weekdays"}


def test_a_job_that_is_not_known_is_refused_when_the_schedule_is_made(clock):
    with pytest.raises(ValidationError) as refused:
        clock.schedule(spec={"job": "no such"})
    assert "job" in refused.value.message_dict


def test_the_upload_of_a_schedule_is_kept(clock):
    upload = Upload.objects.create(name="a.csv", uri="file:///a.csv", format="csv", size=1, sha256="0" * 64)
    Upload.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert upload in uploads.to_prune()
    given = {**GIVEN, "title": "Over the same"}
    made = services.create(given=given, spec=SPEC, format="csv", upload=upload, file=None, click=click(clock.by))
    clock.made.append(str(made.uuid))
    assert upload not in uploads.to_prune()
    services.delete(schedule=made, reason="Done", click=click(clock.by))
    assert upload in uploads.to_prune()


# --- with Temporal away, and behind its back --------------------------------------------------------------------


def test_ordered_with_temporal_away_it_is_kept_and_sent_by_a_chore(clock, via, temporal_server):  # noqa: F811
    via(NOBODY)
    row = clock.schedule()
    made = services.run_now(schedule=row, click=click(clock.by))
    services.pause(schedule=row, reason="Not yet", click=click(clock.by))
    assert (Schedule.objects.get().sent_version, made.sent_at) == (0, None)
    old(row)
    assert sending.send_unsent() == 0
    via(temporal_server)
    assert sending.send_unsent() == 2
    row.refresh_from_db()
    assert row.sent
    assert clock.told(row).paused is True
    clock.ended(clock.ran(made))
    assert sending.send_unsent() == 0


def test_a_run_that_could_not_be_sent_for_long_is_given_up(clock, via, temporal_server):  # noqa: F811
    row = clock.schedule()
    via(NOBODY)
    made = services.run_now(schedule=row, click=click(clock.by))
    Intervention.objects.filter(pk=made.pk).update(made_at=timezone.now() - timedelta(hours=1))
    via(temporal_server)
    sending.send_unsent()
    made.refresh_from_db()
    assert made.why_not == "late"


def test_an_older_order_that_comes_last_does_not_take_the_place_of_a_newer_one(clock):
    row = clock.schedule()
    before = rules.wanted(row)
    services.pause(schedule=row, reason="Stop", click=click(clock.by))
    temporal.put(before)
    assert clock.told(row).paused is True


def test_one_that_was_deleted_in_temporal_is_said_to_be_and_can_be_put_back(clock):
    row = clock.schedule()
    temporal.take_away(str(row.uuid))
    clock.becomes(row, differs="gone")
    told = Episode.objects.get(subject=f"schedule-differs:{row.uuid}")
    assert told.ended_at is None
    assert clock.look(row).interventions.count() == 1
    services.put_back(schedule=row, click=click(clock.by))
    assert clock.told(row)
    assert clock.look(row).differs == ""
    told.refresh_from_db()
    assert told.ended_at
    assert [kind for kind, _who in kinds(row)][1:] == ["schedule.differs", "schedule.put_back"]


def test_one_that_was_changed_in_temporal_is_said_to_be(clock, house):
    row = clock.schedule()
    handle = house.client.get_schedule_handle(f"{PREFIX}{row.uuid}")

    async def change():

        def later(given):
            given.description.schedule.spec.time_zone_name = "Asia/Tokyo"
            return ScheduleUpdate(given.description.schedule)

        await handle.update(later)

    house.run(change())
    clock.becomes(row, differs="changed")
    services.put_back(schedule=row, click=click(clock.by))
    assert clock.look(row).differs == ""
    assert clock.told(row).mark == row.mark


def test_paused_in_temporal_it_is_shown_paused_with_the_reason_given_there(clock, house):
    row = clock.schedule()
    handle = house.client.get_schedule_handle(f"{PREFIX}{row.uuid}")
    house.run(handle.pause(note="the disk is full"))
    clock.becomes(row, paused=True, paused_reason="the disk is full", paused_by="")
    house.run(handle.unpause(note="emptied"))
    clock.becomes(row, paused=False)
    assert [kind for kind, _who in kinds(row)] == ["schedule.created", "schedule.paused", "schedule.resumed"]


def test_looked_at_while_it_is_ordered_the_order_stands(clock, monkeypatch):
    row = clock.schedule()
    before = temporal.told(str(row.uuid))
    services.pause(schedule=row, reason="Stop", click=click(clock.by))
    stale = Schedule.objects.get(pk=row.pk)
    stale.version -= 1
    monkeypatch.setattr(temporal, "told", lambda _schedule: before)

    assert looking.look_at(stale)
    row.refresh_from_db()
    assert row.paused is True
