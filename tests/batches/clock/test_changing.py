"""A schedule is changed by the forms it was made with: what differs is said first, and runs under way keep theirs."""

import re
from html import unescape

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Entry
from batches.clock import asked, sending, services
from batches.models import Batch, Schedule, Upload
from batches.starting import origins
from tests.batches.clock.conftest import click
from tests.batches.clock.test_orders import old
from tests.clicking import at_once
from tests.temporal import until
from worker import schedules as temporal
from worker.clock_wire import PREFIX

INPUT = re.compile(
    r'<input[^>]*\bname="([^"]+)"[^>]*>|<(select|textarea)[^>]*\bname="([^"]+)"[^>]*>(.*?)</\2>', re.DOTALL
)


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())).split())


def filled(answer, **changed):
    """The form as a browser would send it, with all that it carries unseen."""
    assert answer.status_code in (200, 400), words(answer)
    page = re.search(r"<form[^>]*id=\"(?:clock|start)\".*?</form>", answer.content.decode(), re.DOTALL)[0]
    found = {}
    for each in INPUT.finditer(page):
        if each[1]:
            tag = each[0]
            if 'type="checkbox"' in tag and " checked" not in tag:
                continue
            value = re.search(r'\bvalue="([^"]*)"', tag)
            found.setdefault(each[1], []).append(unescape(value[1]) if value else "")
        elif each[2] == "select":
            chosen = re.search(r'<option value="([^"]*)"[^>]* selected', each[4])
            found[each[3]] = [unescape(chosen[1]) if chosen else ""]
        else:
            found[each[3]] = [unescape(each[4]).strip("\r\n")]
    return {**found, **changed}


class Changing:
    """What somebody does in the browser, without one."""

    def __init__(self, client, row):
        self.client, self.at = client, f"/batches/schedules/{row.uuid}"

    def work(self, query="", typed=None):
        """The first page; ``typed``: come back to from the second."""
        address = f"{self.at}/work/{query}"
        return self.client.post(address, typed) if typed else self.client.get(address)

    def on(self, answer, query="", **changed):
        """From the first page to the second."""
        return self.client.post(f"{self.at}/change/{query}", {**filled(answer, **changed), "by_clock": "1"})

    def save(self, answer, query="", **changed):
        return self.client.post(f"{self.at}/change/{query}", {**filled(answer, **changed), "save": "1"})


@pytest.fixture
def changing(clock, client):
    """A schedule, and olga in front of its pages."""
    origins._looked.cache_clear()
    row = clock.schedule(spec={"job_args": {}})
    client.force_login(clock.by)
    return row, Changing(client, row)


def test_another_job_and_settings_go_through_both_forms_and_the_next_run_uses_them(clock, changing, told):
    row, pages = changing
    told.open.clear()
    under_way = clock.ran(clock.run(row))
    second = pages.on(pages.work(), job="told_quick", chunk_size="7", tolerated="25")
    said = words(second)
    assert "Job told → told_quick" in said
    assert "Items per chunk 2 → 7" in said
    assert "% of items that may fail 10 → 25" in said
    assert Schedule.objects.get().spec["job"] == "told"
    answer = pages.save(second, reason="Faster")
    row.refresh_from_db()
    assert (row.spec["job"], row.spec["chunk_size"], row.sent) == ("told_quick", 7, True)
    assert "Job told → told_quick" in words(pages.client.get(answer["location"]))
    entry = Entry.objects.get(stream=row.stream, kind="schedule.changed")
    assert entry.actor == "olga"
    assert entry.data["what"] == {
        "spec": [
            {"job": "told", "chunk_size": 2, "tolerated_failure_rate": 0.1},
            {"job": "told_quick", "chunk_size": 7, "tolerated_failure_rate": 0.25},
        ]
    }
    told.open.set()
    clock.ended(under_way)
    after = clock.ended(clock.ran(clock.run(row)))
    assert [Batch.objects.get(pk=run.batch_id).job for run in (under_way, after)] == ["told", "told_quick"]


def test_sent_as_it_came_nothing_differs_and_nothing_is_written_down(clock, changing):
    row, pages = changing
    second = pages.on(pages.work())
    assert "Nothing: it is as it was." in words(second)
    answer = pages.save(second)
    assert (answer.status_code, "Nothing differs from how it is" in words(answer)) == (400, True)
    assert row.interventions.count() == 1


def test_other_items_another_file_and_one_that_is_sent(clock, changing):
    row, pages = changing
    clock.put("others-2026.csv", "name\na\nb\nc\n")
    choices = pages.client.get(f"{pages.at}/work/source/")
    assert f'href="{pages.at}/work/?file=1%2Fothers-2026.csv"' in choices.content.decode()
    query = "?file=1/others-2026.csv"
    second = pages.on(pages.work(query), query, item_key="name")
    assert "File orders.csv → others-2026.csv" in words(second)
    assert pages.save(second, query).status_code == 302
    row.refresh_from_db()
    assert (row.pattern, row.spec["item_key"], row.folder) == ("others-2026.csv", "name", str(clock.folder))

    sent = pages.client.post(f"{pages.at}/work/source/", {"file": SimpleUploadedFile("sent.csv", b"name\nx\n")})
    upload = Upload.objects.get()
    query = f"?upload={upload.uuid}"
    assert sent["location"] == f"{pages.at}/work/{query}"
    second = pages.on(pages.work(query), query)
    assert "File that was sent – → sent.csv (SHA-256" in words(second)
    pages.save(second, query)
    row.refresh_from_db()
    assert (row.upload, row.folder, row.pattern) == (upload, "", "")
    run = clock.ended(clock.ran(clock.run(row)))
    assert (run.batch.upload, run.batch.total) == (upload, 1)


def test_what_is_wrong_is_said_on_the_page_where_it_was_typed(clock, changing):
    row, pages = changing
    answer = pages.on(pages.work(), chunk_size="many", job="told_quick")
    assert (answer.status_code, 'value="many"' in answer.content.decode()) == (400, True)
    assert "Not changed." in words(answer)
    answer = pages.save(pages.on(pages.work(), job="told_quick"), **{"clock-at": "25:00"})
    assert (answer.status_code, 'value="25:00"' in answer.content.decode()) == (400, True)
    assert "Something does not make sense yet" in words(answer)
    back = pages.work(typed=filled(answer))
    assert filled(back)["job"] == ["told_quick"]
    assert filled(pages.on(back))["clock-at"] == ["25:00"]
    assert row.interventions.count() == 1


def test_of_two_who_change_at_once_the_second_is_told_and_keeps_what_they_typed(clock, changing, boss):
    row, pages = changing
    second = pages.on(pages.work(), job="told_quick")
    given = {**asked.typed(row), "at": "04:00"}
    services.change(schedule=row, given=given, click=click(boss, shown=row.version))
    answer = pages.save(second, reason="Faster")
    said = words(answer)
    assert (answer.status_code, "admin changed it after you had looked" in said) == (400, True)
    assert "Time 04:00 → 02:30" in said, "what the other one did would be undone, and it says so"
    row.refresh_from_db()
    assert (row.spec["job"], row.at) == ("told", "04:00")
    assert filled(answer)["reason"] == ["Faster"]
    assert pages.save(answer, **{"clock-at": "04:00"}).status_code == 302
    row.refresh_from_db()
    assert (row.spec["job"], row.at, row.user) == ("told_quick", "04:00", clock.by)


def test_where_no_file_of_it_is_there_it_is_changed_all_the_same(clock, client):
    row = clock.schedule("none-%Y.csv")
    client.force_login(clock.by)
    pages = Changing(client, row)
    first = pages.work()
    assert "could not be looked at" in words(first)
    pages.save(pages.on(first, job="told_quick"))
    row.refresh_from_db()
    assert (row.spec["job"], row.pattern) == ("told_quick", "none-%Y.csv")


def test_only_operators_change_and_only_over_files_that_may_be_read(clock, changing, rita):
    row, pages = changing
    spec, over = {"job": "told_quick"}, services.Over("csv", file=clock.folder.parent / "elsewhere.csv")
    with pytest.raises(PermissionDenied):
        services.change(schedule=row, given=asked.typed(row), spec=spec, click=click(rita))
    with pytest.raises(ValidationError) as refused:
        services.change(schedule=row, given=asked.typed(row), over=over, click=click(clock.by))
    assert "pattern" in refused.value.message_dict
    assert pages.work("?file=9/etc/passwd").status_code == 400
    pages.client.force_login(rita)
    for place in ("work/", "work/source/", "work/sum/", "change/preview/"):
        assert pages.client.get(f"{pages.at}/{place}").status_code == 403


def test_the_previews_say_what_it_comes_to_while_it_is_typed(changing):
    _row, pages = changing
    first = pages.work()
    assert "Map and reduce" not in words(first)
    sums = pages.client.get(f"{pages.at}/work/sum/", filled(first, chunk_size="1"))
    assert "Chunks 1" in words(sums)
    given = filled(pages.on(first, max_parallel="3"), **{"clock-at": "05:00"})
    said = words(pages.client.get(f"{pages.at}/change/preview/", given))
    assert "Every day at 05:00" in said
    assert "Time 02:30 → 05:00" in said
    assert "Chunks at once 10 → 3" in said


# --- in agreement with Temporal ---------------------------------------------------------------------------------


def test_the_web_process_died_after_the_change_was_kept_and_a_worker_tells_temporal(clock, changing, monkeypatch):
    row, pages = changing
    before = clock.told(row)
    with monkeypatch.context() as died:
        died.setattr(sending, "sync", lambda _row: False)
        spec = {**row.spec, "job": "told_quick"}
        services.change(schedule=row, given={**asked.typed(row), "at": "04:00"}, spec=spec, click=click(clock.by))
    assert clock.told(row).mark == before.mark
    assert "Being sent to Temporal" in words(pages.client.get(row.get_absolute_url()))
    old(row)
    assert sending.send_unsent() == 1
    row.refresh_from_db()
    assert (row.sent, clock.told(row).mark == row.mark != before.mark) == (True, True)
    assert clock.look(row).differs == ""


def test_a_pause_that_temporal_has_and_nobody_has_seen_yet_outlives_a_change(clock, changing, house):
    row, _pages = changing
    handle = house.client.get_schedule_handle(f"{PREFIX}{row.uuid}")
    house.run(handle.pause(note="after a failure"))
    services.change(schedule=row, given={**asked.typed(row), "at": "04:00"}, click=click(clock.by))
    assert clock.told(row).paused is True
    clock.becomes(row, paused=True, paused_reason="after a failure", at="04:00")
    services.resume(schedule=row, click=click(clock.by))
    assert clock.told(row).paused is False
    until(lambda: not temporal.told(str(row.uuid)).paused)


def test_of_two_changes_at_the_same_moment_one_counts_and_the_other_is_told(clock, changing, boss):
    row, _pages = changing

    def change(by, at):
        try:
            return services.change(schedule=row, given={**asked.typed(row), "at": at}, click=click(by, shown=1))
        except ValidationError as error:
            return error.messages[0]

    said = at_once(lambda: change(clock.by, "04:00"), lambda: change(boss, "05:00"))
    [refused] = [each for each in said if isinstance(each, str)]
    [made] = [each for each in said if not isinstance(each, str)]
    assert f"{made.username} changed it after you had looked" in refused
    row.refresh_from_db()
    assert (row.at, row.version) == (made.what["at"][1], 2)
    assert clock.told(row).mark == row.mark
