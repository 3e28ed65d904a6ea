"""The pages of schedules: made out of the form of a batch, read by everybody, ordered by ops, what was typed kept."""

import re
import uuid

import pytest

from batches.clock import running, services
from batches.clock.page import listed, schedule_page
from batches.clock.regions import ScheduleRegion, SchedulesRegion
from batches.models import Batch, Schedule
from tests.batches.clock.conftest import click
from tests.circuits.conftest import see  # noqa: F401  (a fixture: found by its name here)
from tests.temporal import until
from worker import schedules as temporal

START = {
    "title": "Night",
    "job": "told",
    "chunk_size": "2",
    "max_parallel": "10",
    "on_tolerance": "pause",
    "tolerated": "5",
}
CLOCK = {
    "title": "Night",
    "kind": "nightly",
    "at": "02:30",
    "zone": "Europe/Berlin",
    "overlap": "skip",
    "catchup": "1 h",
}


def typed(**more):
    clock = {**CLOCK, "title": "Night", "pattern": "orders.csv", **more}
    return {**START, "form_id": str(uuid.uuid4()), **{f"clock-{name}": value for name, value in clock.items()}}


@pytest.fixture
def form(clock, client):
    """Send the form of a schedule over the file in the folder that may be read."""

    def send(**more):
        client.force_login(clock.by)
        answer = client.post("/batches/schedules/new/?file=1/orders.csv", typed(**more))
        clock.made += [str(found) for found in Schedule.objects.values_list("uuid", flat=True)]
        return answer

    return send


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_form_of_a_batch_leads_to_that_of_a_schedule_and_that_to_its_page(clock, client, form):
    client.force_login(clock.by)
    start = client.get("/batches/new/?file=1/orders.csv").content.decode()
    assert 'formaction="/batches/schedules/new/?file=1%2Forders.csv"' in start
    sent = {**START, "form_id": str(uuid.uuid4()), "by_clock": "1"}
    asked = client.post("/batches/schedules/new/?file=1/orders.csv", sent)
    page = asked.content.decode()
    assert (asked.status_code, Schedule.objects.count()) == (200, 0)
    assert 'name="clock-pattern" value="orders.csv"' in page
    assert '<input type="hidden" name="job" value="told">' in page
    answer = form(pattern="orders-%Y.csv", save="1", title="Night")
    assert "When is it to be done" in words(answer)  # only the button makes it
    answer = client.post("/batches/schedules/new/?file=1/orders.csv", {**typed(pattern="orders-%Y.csv"), "save": "1"})
    row = Schedule.objects.get()
    clock.made.append(str(row.uuid))
    assert answer["location"].startswith(row.get_absolute_url())
    assert (row.spec["job"], row.spec["tolerated_failure_rate"], row.user) == ("told", 0.05, clock.by)
    said = words(client.get(answer["location"]))
    assert "Recorded. It runs by the clock from now on." in said
    assert "Every day at 02:30, Europe/Berlin" in said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("zone", "Mars/Olympus", "There is no time zone “Mars/Olympus” here"),
        ("pattern", "../../etc/passwd", "no way up"),
        ("at", "half past two", "Give the time as hours and minutes"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(clock, client, field, value, said):
    client.force_login(clock.by)
    sent = {**typed(**{field: value}), "save": "1"}
    answer = client.post("/batches/schedules/new/?file=1/orders.csv", sent)
    assert answer.status_code == 400
    assert said in words(answer)
    assert value in answer.content.decode()
    assert not Schedule.objects.exists()


def test_a_cron_that_never_comes_is_said_while_it_is_typed(clock, client):
    client.force_login(clock.by)
    given = {f"clock-{name}": value for name, value in {**CLOCK, "kind": "cron", "pattern": "o-%d.csv"}.items()}
    never = client.get("/batches/schedules/preview/", {**given, "clock-cron": "0 0 31 2 *"})
    assert "it would never run" in words(never)
    other = client.get("/batches/schedules/preview/", {**given, "clock-cron": "0 0 5 * *"})
    assert words(other).count("o-05.csv") == 5


def test_items_that_lie_in_no_file_are_not_run_by_the_clock(batches, client, olga):
    batch = batches.start([1], job="told_quick")
    batch.result()
    client.force_login(olga)
    assert "by-clock" not in client.get(f"/batches/new/?again={batch.row.uuid}").content.decode()
    answer = client.post(f"/batches/schedules/new/?again={batch.row.uuid}", typed())
    assert (answer.status_code, "Only a file can be run by the clock" in words(answer)) == (400, True)


def test_everybody_reads_but_only_operators_are_offered_orders(clock, see, rita):  # noqa: F811
    row = clock.schedule()
    assert "Orders of the night" in see(rita, "/batches/schedules/")
    said = see(rita, row.get_absolute_url())
    assert "Next runs" in said
    assert "Run now" not in said
    assert "Run now" in see(clock.by, row.get_absolute_url())


def test_who_is_no_operator_may_not_order_and_what_is_not_there_is_not_found(clock, client, rita):
    row = clock.schedule()
    client.force_login(rita)
    for address in (f"/batches/schedules/{row.uuid}/order/", f"/batches/schedules/{row.uuid}/change/"):
        assert client.post(address, {"action": "pause"}).status_code == 403
    assert client.post("/batches/schedules/new/?file=1/orders.csv", typed()).status_code == 403
    assert client.get(f"/batches/schedules/{uuid.uuid4()}/").status_code == 404


def order(client, row, action, **more):
    page = client.get(f"/batches/schedules/{row.uuid}/order/?action={action}").content.decode()
    found = dict(re.findall(r'<input type="hidden" name="(action|order_id|shown)" value="([^"]*)">', page))
    return client.post(f"/batches/schedules/{row.uuid}/order/", {**found, "reason": "", **more})


def test_a_pause_wants_a_reason_and_is_on_the_page_with_it(clock, client):
    row = clock.schedule()
    client.force_login(clock.by)
    refused = order(client, row, "pause")
    assert (refused.status_code, "Say why" in words(refused)) == (400, True)
    answer = order(client, row, "pause", reason="They move house")
    said = words(client.get(answer["location"]))
    assert "Nothing is begun until it is resumed" in said
    assert "They move house" in said
    assert listed()[0].first is None
    assert "Resume" in said


def test_somebody_who_was_first_is_named_and_the_question_is_asked_again(clock, client, boss):
    row = clock.schedule()
    client.force_login(clock.by)
    services.pause(schedule=row, reason="Later", click=click(boss))
    answer = order(client, row, "delete", reason="Old", shown="1")
    assert (answer.status_code, "admin paused it after you had looked" in words(answer)) == (400, True)
    again = re.search(r'name="shown" value="(\d+)"', answer.content.decode())
    assert again
    assert order(client, row, "delete", reason="Old", shown=again[1]).status_code == 302


def test_run_now_leads_to_its_batch_and_the_batch_to_its_schedule(clock, client, see):  # noqa: F811
    row = clock.schedule()
    client.force_login(clock.by)
    answer = order(client, row, "run")
    made = row.interventions.get(action="run")
    run = clock.ended(clock.ran(made))
    said = words(client.get(answer["location"]))
    assert f"It has begun: {run.batch.reference}" in said
    page = see(clock.by, run.batch.get_absolute_url())
    assert f"Schedule {row.reference} Orders of the night" in page
    assert "by the clock, for olga" in page


def test_changed_it_says_from_what_to_what(clock, client):
    row = clock.schedule()
    client.force_login(clock.by)
    address = f"/batches/schedules/{row.uuid}/change/"
    page = client.get(address).content.decode()
    found = dict(re.findall(r'name="(order_id|shown|action)" value="([^"]*)"', page))
    sent = {**found, **typed(at="04:15"), "save": "1", "reason": "Too early"}
    answer = client.post(address, sent)
    said = words(client.get(answer["location"]))
    assert "Time 02:30 → 04:15" in said
    assert "Too early" in said


def test_a_run_without_its_file_and_one_that_differs_say_so(clock, see):  # noqa: F811
    row = clock.schedule("gone.csv")
    clock.ran(clock.run(row))
    until(lambda: row.runs.get().ended_at)
    temporal.take_away(str(row.uuid))
    clock.becomes(row, differs="gone")
    said = see(clock.by, row.get_absolute_url())
    assert "Not begun" in said
    assert "There is no file" in said
    assert "Somebody has deleted it in Temporal" in said
    assert "Put it back" in said


def test_the_regions_follow_what_happens(clock, rita):
    row = clock.schedule()
    many, one = SchedulesRegion(), ScheduleRegion()
    before = many.version("", "everybody")
    assert one.may_watch(rita, str(row.uuid))
    assert not one.may_watch(rita, str(uuid.uuid4()))
    assert not one.may_watch(rita, "x")
    assert not many.may_watch(rita, "x")
    clock.ended(clock.ran(clock.run(row)))
    assert many.version("", "everybody") != before
    found = one.read(str(row.uuid), "everybody")
    assert found["page"].runs[0].row.batch == Batch.objects.get()
    assert schedule_page(str(row.uuid)).last.face.kind == "ok"
    assert running.tell_ended() == 0
