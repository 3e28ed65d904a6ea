"""The page of one batch, as people see it."""

import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from batches import told
from batches.models import Batch, Failure
from batches.page import BatchPage, batch_page
from batches.told import Told
from live.queries import System
from tests.batches.pages.conftest import event, points, written
from tests.conftest import person
from worker import client as door

pytestmark = pytest.mark.django_db


def test_everybody_signed_in_sees_the_list_and_the_page(see, rita, client):
    batch = written(succeeded=10, pending=90)
    assert "March invoices" in see(rita, "/batches/")
    assert batch.reference in see(rita, batch.get_absolute_url())
    client.logout()
    assert client.get("/batches/").status_code == 302
    assert client.get(batch.get_absolute_url()).status_code == 302


def test_a_batch_that_nobody_knows_is_not_found(see, rita):
    see(rita, reverse("batches:batch", args=[uuid.uuid4()]), 404)


# --- its numbers -------------------------------------------------------------------------------------------------


def test_it_shows_all_six_and_that_they_are_all_of_them(temporal, see, rita):
    row = written(pending=100_000)
    counts = {
        "succeeded": 61_180,
        "degraded": 6_116,
        "failed": 1_904,
        "held": 9_400,
        "running": 2_400,
        "pending": 19_000,
    }
    temporal.says(row, **counts, rate=412.0)
    page = see(rita, row.get_absolute_url())
    assert "Done 69.2 % Rate 412 items/s" in page
    assert "Failed 1,904 1.9 % of 10 % tolerated" in page
    assert (
        "Succeeded 61,180 Degraded 6,116 Failed 1,904 Held 9,400 Running 2,400 Pending 19,000 adds up to 100,000"
        in page
    )


def test_numbers_that_do_not_add_up_are_said_loudly(temporal, see, rita):
    row = written(pending=100)
    temporal.says(row, succeeded=60, pending=39)
    page = see(rita, row.get_absolute_url())
    assert "These numbers do not add up: the six make 99, and the batch has 100 items." in page
    assert "adds up to" not in page


def test_too_many_failures_are_said_in_words(temporal, see, rita):
    row = written(pending=100)
    temporal.says(row, failed=11, pending=89)
    assert "11 % of 10 % tolerated, too many" in see(rita, row.get_absolute_url())


# --- what is left ------------------------------------------------------------------------------------------------


def running(temporal, done, **changed):
    row = written(pending=1_000)
    points(row, done / 20, 20)
    temporal.says(row, succeeded=done, pending=1_000 - done, rate=done / 100, **changed)
    return row


def test_time_left_is_a_range_once_a_tenth_is_done(temporal, see, rita):
    assert "Time left – said from 10 % on" in see(rita, running(temporal, 80).get_absolute_url())
    page = see(rita, running(temporal, 500).get_absolute_url())
    low, high = page.partition("Time left ")[2].partition(" min")[0].split(" – ")
    assert "1:00" < low <= "1:40" <= high < "3:00"  # so long it took until now, for the first half


def test_why_nothing_is_said_of_what_is_left(temporal, see, rita):
    """Hardly begun, though a tenth is done; and one in which nothing has ended for a minute."""
    row = written(pending=1_000)
    temporal.says(row, succeeded=200, pending=800, rate=90.0)
    assert "Time left – too early to say" in see(rita, row.get_absolute_url())
    row = written(pending=1_000)
    temporal.says(row, succeeded=200, pending=800, rate=0.0)
    assert "Time left – it stands still" in see(rita, row.get_absolute_url())
    row = running(temporal, 500)
    temporal.says(row, succeeded=500, held=500, pending=0, rate=90.0)
    assert "Time left – until the circuit lets it through" in see(rita, row.get_absolute_url())


@pytest.mark.parametrize("state", ["paused", "pausing"])
def test_while_it_is_paused_nothing_is_left_to_be_guessed(temporal, see, rita, state):
    assert "Time left – it is paused" in see(rita, running(temporal, 500, state=state).get_absolute_url())


def test_nobody_guesses_about_what_nobody_could_ask(temporal, see, rita):
    row = running(temporal, 500)
    Batch.objects.filter(pk=row.pk).update(succeeded=500, pending=500)
    temporal.answers[row.workflow_id] = door.Unknown("No answer.")
    assert "Time left – not known" in see(rita, row.get_absolute_url())


def test_the_time_in_which_it_was_paused_is_no_time_that_it_needs(temporal):
    """Fifty seconds for 250 items, an hour's pause, and fifty seconds for 250 more: as fast as without the hour."""
    row = written(pending=1_000)
    points(row, 25, 20)
    early = row.points.order_by("at")[:10].values("pk")
    row.points.filter(pk__in=early).update(seen_at=F("seen_at") - timedelta(hours=1), at=F("at") - timedelta(hours=1))
    Batch.objects.filter(pk=row.pk).update(begun_at=timezone.now() - timedelta(hours=1, seconds=100))
    event(row, 1, "paused", 3_600 + 50)
    event(row, 2, "resumed", 50)
    row.refresh_from_db()
    said = {**row.told, "succeeded": 500, "pending": 500}
    paused = BatchPage(Told(row, said, live=True), timezone.now()).left
    plain = written(pending=1_000)
    points(plain, 25, 20)
    plain.refresh_from_db()
    assert str(paused) == str(BatchPage(Told(plain, said, live=True), timezone.now()).left)


# --- what it is about, and how it is ------------------------------------------------------------------------------


def test_who_is_behind_it_is_known_or_claimed(see, rita, olga):
    claimed = written("Claimed", requester="maria")
    known = written("Known", user=olga, requester="olga")
    nobody = written("Nobody", requester="")
    assert "by a program, for maria" in see(rita, claimed.get_absolute_url())
    assert "by olga" in see(rita, known.get_absolute_url())
    assert "by a program ·" in see(rita, nobody.get_absolute_url())


def test_it_says_why_it_is_paused_and_by_whom(temporal, see, rita):
    row = written(state="paused", pending=10)
    temporal.says(row, paused_by="olga", paused_reason="They move house", paused_at=1.0)
    assert "Paused: “ They move house ”, olga" in see(rita, row.get_absolute_url())


def test_one_that_could_not_be_begun_says_what_is_wrong(see, rita):
    row = written(state="invalid", result={"status": "invalid", "errors": ["There is no job “ech”."]})
    assert "It could not be begun: There is no job “ech”." in see(rita, row.get_absolute_url())


def test_an_order_that_temporal_has_not_taken_yet_says_so(see, rita, olga):
    row = written(state="preparing", first_run_id="", written=0, told={}, user=olga)
    page = see(rita, row.get_absolute_url())
    assert "Ordered, and kept. It begins by itself" in page


def test_one_that_is_preparing_says_that_its_items_are_being_counted(temporal, see, rita):
    row = written(state="preparing", written=0, written_at=None, told={})
    temporal.answers[row.workflow_id] = {"state": "preparing", "total": 0, "succeeded": 0, "failed": 0, "degraded": 0}
    assert "being checked and counted" in see(rita, row.get_absolute_url())


def test_what_has_ended_is_read_from_its_row_and_nobody_is_asked(temporal, see, rita):
    result = {"status": "failed", "total": 100, "successful": 70, "degraded": 0, "failed": 20, "not_run": 10,
              "reason": "20 of 100 items failed"}  # fmt: skip
    row = written(state="failed", succeeded=70, failed=20, pending=10, result=result)
    page = see(rita, row.get_absolute_url())
    assert "Failed: 20 of 100 items failed" in page
    assert "Took 1 min" in page
    assert "Not run 10" in page
    assert not temporal.asked


def test_one_that_was_ended_in_temporal_says_how_it_is_counted(see, rita):
    row = written(state="terminated", succeeded=70, pending=30, result={"status": "terminated", "reason": "by admin"})
    page = see(rita, row.get_absolute_url())
    assert "Ended in Temporal: by admin. What it had done is counted from its notes" in page
    assert "adds up to 100" in page


def test_with_no_worker_the_page_shows_what_was_known_last(see, rita):
    row = written(succeeded=40, pending=60)
    Batch.objects.update(written_at=timezone.now() - timedelta(minutes=2))
    page = see(rita, row.get_absolute_url())
    assert "No worker runs. This is what was known last. As of" in page
    assert "Done 40 %" in page
    assert "Rate – no number" in page


def test_with_temporal_away_the_page_says_so_and_nobody_is_asked(temporal, see, rita, monkeypatch):
    monkeypatch.setattr(told, "system", lambda: System([], True, False, timezone.now()))
    row = written(succeeded=40, pending=60)
    temporal.says(row, succeeded=99, pending=1)
    page = see(rita, row.get_absolute_url())
    assert "Temporal does not answer. This is what was known last. As of" in page
    assert "Done 40 %" in page
    assert not temporal.asked


@pytest.mark.parametrize(("worker", "temporal_ok"), [(False, True), (True, False)], ids=["no worker", "no Temporal"])
def test_when_nobody_can_be_asked_any_more_no_number_goes_back(temporal, see, rita, monkeypatch, worker, temporal_ok):
    """What it said last is newer than what was written down; so is its time, here and in the list."""
    row = written(succeeded=40, pending=60)
    Batch.objects.update(written_at=timezone.now() - timedelta(minutes=4))
    temporal.says(row, succeeded=70, pending=30)
    assert "Done 70 %" in see(rita, row.get_absolute_url())
    monkeypatch.setattr(told, "system", lambda: System([], worker, temporal_ok, timezone.now()))
    asked = temporal.asked[row.workflow_id]
    for address in (row.get_absolute_url(), "/batches/"):
        page = see(rita, address)
        assert "70 %" in page
        assert "4 min ago" not in page
    assert temporal.asked[row.workflow_id] == asked
    Batch.objects.update(written_at=timezone.now(), succeeded=80, pending=20)
    assert "Done 80 %" in see(rita, row.get_absolute_url())


def test_a_workflow_that_was_ended_in_temporal_is_shown_as_it_was_written_down(temporal, see, rita):
    row = written(succeeded=40, pending=60)
    page = see(rita, row.get_absolute_url())
    assert "Its workflow does not run." in page
    assert "Done 40 %" in page


def test_another_batch_under_the_same_workflow_id_is_not_taken_for_it(temporal, see, rita):
    row = written(succeeded=40, pending=60)
    temporal.says(row, uuid=str(uuid.uuid4()), succeeded=99, pending=1)
    page = see(rita, row.get_absolute_url())
    assert "Done 40 %" in page
    assert "Its workflow does not run." in page


def test_an_answer_from_before_what_was_written_down_is_asked_for_again(temporal, see, rita):
    row = written(succeeded=40, pending=60)
    temporal.says(row, succeeded=40, pending=60)
    see(rita, row.get_absolute_url())
    asked = temporal.asked[row.workflow_id]
    temporal.says(row, succeeded=80, pending=20)
    Batch.objects.filter(pk=row.pk).update(written_at=timezone.now())
    assert "Done 80 %" in see(rita, row.get_absolute_url())
    assert temporal.asked[row.workflow_id] == asked + 1


def test_when_nobody_answers_the_newer_of_both_is_shown(temporal, see, rita):
    """An answer that is newer than what was written down last counts for more."""
    row = written(succeeded=40, pending=60)
    temporal.says(row, succeeded=70, pending=30)
    assert "Done 70 %" in see(rita, row.get_absolute_url())
    temporal.answers[row.workflow_id] = door.Unknown("No answer.")
    from live import reader

    for known in reader._known.values():
        for answer in known.answers.values():
            answer.asked -= 60  # a minute has passed
    page = see(rita, row.get_absolute_url())
    assert "Done 70 %" in page
    assert "No answer just now." in page


# --- its pictures ------------------------------------------------------------------------------------------------


def test_the_line_says_its_limit_and_the_last_ten_minutes_are_not_the_whole(temporal, see, rita):
    row = written(pending=1_000)
    temporal.says(row, succeeded=500, pending=500)
    points(row, 2, 250, limit=0.5)
    page = see(rita, row.get_absolute_url())
    assert "Rate last 10 min · limit 30 items/min" in page
    assert "From its beginning" in page
    assert "Rate from its beginning" in see(rita, row.get_absolute_url() + "?line=whole")


def test_where_nothing_has_ended_for_ten_minutes_it_does_not_say_that_nothing_has(temporal, see, rita):
    row = written(pending=1_000)
    temporal.says(row, succeeded=500, pending=500)
    points(row, 500, 1)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    row.points.update(at=an_hour_ago, seen_at=an_hour_ago)
    assert "No item has ended in the last 10 min. From its beginning" in see(rita, row.get_absolute_url())
    begun = written(pending=1_000)
    assert "The line begins when the first chunk has ended" in see(rita, begun.get_absolute_url())


def test_the_map_shows_where_items_failed(temporal, see, rita, client):
    row = written(succeeded=35, failed=5, pending=60, data={"chunk_size": 10, "items": 100})
    temporal.says(row, next_chunk=4, chunks_running=[[3, 4]])
    for number in (0, 10, 11, 12, 13):
        Failure.objects.create(
            batch=row, number=number, key=str(number), error="no", fingerprint="f", attempts=1, round=1
        )
    page = see(rita, row.get_absolute_url())
    assert "Chunks 3 of 10 done" in page
    for word in ("Done Some items failed More failed than tolerated Running Pending",):
        assert word in page


def test_of_one_that_has_ended_nothing_is_pending(see, rita, client):
    """Two chunks were half run when it was cancelled, with failures in one, and eight never begun."""
    told = {"next_chunk": 2, "chunks_left": [[0, 2]]}
    row = written(
        state="cancelled", succeeded=8, failed=2, pending=90, data={"chunk_size": 10, "items": 100}, told=told
    )
    Failure.objects.create(batch=row, number=1, key="1", error="no", fingerprint="f", attempts=1, round=1)
    page = see(rita, row.get_absolute_url())
    assert "Running 0 Not run 90 adds up to 100" in page
    assert "0 of 10 done Partly run Not run" in page
    assert "8 % succeeded, 2 % failed and 90 % not run" in client.get(row.get_absolute_url()).content.decode()


def test_the_slowest_and_the_oldest_chunk_are_named_when_they_stand_out(temporal, see, rita):
    row = written(pending=100, data={"chunk_size": 10, "items": 100})
    since = timezone.now().timestamp() - 40
    temporal.says(
        row, median_seconds=10.0, slowest={"chunk": 60, "seconds": 41.0}, oldest=[{"chunk": 7, "since": since}]
    )
    page = see(rita, row.get_absolute_url())
    assert "Slowest: chunk 61, 4.1 times the median." in page
    assert "Chunk 8 runs longest: begun 40 s ago" in page
    temporal.says(
        row, median_seconds=10.0, slowest={"chunk": 60, "seconds": 19.0}, oldest=[{"chunk": 7, "since": since + 30}]
    )
    Batch.objects.filter(pk=row.pk).update(written_at=timezone.now())
    page = see(rita, row.get_absolute_url())
    assert "Slowest" not in page
    assert "runs longest" not in page


# --- what happened -----------------------------------------------------------------------------------------------


def test_what_happened_says_who_ordered_it_and_how_that_is_known(see, rita, olga):
    row = written(user=olga, requester="olga", pending=100)
    event(row, 1, "begun", 50, actor="olga", known="signed_in", reason="100 items")
    event(row, 2, "paused", 40, actor="maria", known="program", reason="They move house", action="pause")
    event(row, 3, "limited", 30, actor="olga", known="signed_in", what="8 chunks at once instead of 4", action="limits")
    event(row, 4, "refused", 20, actor="olga", known="signed_in", what="It was paused already.", action="pause")
    page = see(rita, row.get_absolute_url()).partition("What happened")[2]
    assert "Not applied: pause It was paused already. – olga signed in" in page
    assert "New limits 8 chunks at once instead of 4 – olga signed in" in page
    assert "Paused They move house maria claimed by a program" in page
    assert page.index("New limits") < page.index("Paused They") < page.index("Begun") < page.index("How it is set")


def test_who_is_signed_in_is_named_as_in_its_head_and_a_cancel_is_somebodys(see, rita):
    olga = person("olga", groups=("ops",), first_name="Olga", last_name="Petri")
    row = written(state="cancelled", user=olga, pending=100)
    event(row, 1, "cancelling", 40, actor="olga", known="signed_in", action="cancel", cause="cancelled")
    page = see(rita, row.get_absolute_url()).partition("What happened")[2]
    assert page.count("Olga Petri olga, signed in") == 3
    assert "by itself" not in page


def test_what_paused_by_itself_is_a_matter_and_what_has_nothing_left_says_so(see, rita):
    said = {"paused_reason": "5 of 10 items failed", "paused_by": ""}
    row = written(state="paused", succeeded=5, failed=5, told=said)
    assert "Nothing is left to begin: resumed, it ends." in see(rita, row.get_absolute_url())
    row = written(state="paused", succeeded=5, failed=4, pending=1, told=said)
    assert "Nothing is left to begin" not in see(rita, row.get_absolute_url())
    assert batch_page(str(row.uuid)).paused_by_itself
    by_hand = written(state="paused", succeeded=5, failed=5, told={**said, "paused_by": "olga"})
    assert not batch_page(str(by_hand.uuid)).paused_by_itself


def test_a_batch_that_was_started_again_leads_to_what_follows_it_and_back(see, rita, olga):
    first = written(state="failed", failed=1)
    second = written(follows=first, user=olga, pending=1)
    assert f"Started again as {second.reference} – olga signed in" in see(rita, first.get_absolute_url())
    assert f"the same as {first.reference}" in see(rita, second.get_absolute_url())


def test_how_it_is_set_and_over_what_it_runs(temporal, see, rita):
    row = written(
        pending=100, data={"chunk_size": 10, "items": 100, "size": 863_000, "format": "csv", "sha256": "ab" * 32}
    )
    pace = [{"limit": 100, "per_seconds": 60.0}]
    temporal.says(row, pace=pace, max_parallel=8, chunks_in_flight=3, runs=2)
    page = see(rita, row.get_absolute_url())
    assert "Chunks of 10 items, 8 at once 3 in flight" in page
    assert "Pace at most 100 in 60 s" in page
    assert "Source march.csv Items 100 Size 863 kB, csv SHA-256 abababababababab…" in page
    assert "2 of its workflow" in page


def test_the_ledger_is_offered_to_those_who_may_read_it(see, rita, auditor):
    row = written(pending=1)
    assert "Ledger of this batch" in see(auditor, row.get_absolute_url())
    assert "Ledger of this batch" not in see(rita, row.get_absolute_url())


def test_what_people_wrote_is_never_markup(client, rita):
    row = written("<script>alert(1)</script>", requester="<b>x</b>", pending=1)
    event(row, 1, "paused", reason="<img src=x>", actor="<i>", what="<u>")
    client.force_login(rita)
    html = client.get(row.get_absolute_url()).content.decode() + client.get("/batches/").content.decode()
    assert not any(part in html for part in ("<script>alert", "<b>x", "<img", "<i>", "<u>"))


def test_the_reason_why_it_is_no_faster_stands_where_it_is_told(temporal):
    """The piece that says it may not be there: then nothing is missing."""
    row = written(pending=1)
    page = BatchPage(Told(row, row.told, live=True), timezone.now())
    assert render_to_string("batches/_batch.html", {"page": page})
