"""Ops are told once when a batch fails, waits above its tolerance or stands still, and when that is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import writing
from accounts.models import Letter, Preferences
from batches import alarms
from batches.clock.alarm_words import DIFFERS
from batches.models import Batch, Schedule
from batches.recording import record
from circuits import episodes, subjects
from circuits.models import Episode
from tests.temporal import until
from worker.batch_telling import NOTHING
from worker.batch_wire import BatchEvent, BatchNews, BatchRef


def letters():
    return [(one.user.username, writing.write(one)) for one in Letter.objects.order_by("pk")]


def headlines():
    return [said.subject for _who, said in letters() if said]


class Batches:
    """One batch as its workflow writes it down."""

    def __init__(self) -> None:
        self.written = self.events = 0
        self.at = timezone.now()

    def says(self, state="running", succeeded=0, failed=0, *, event=None, result=None, **told) -> Batch:
        self.written += 1
        events = []
        if event:
            self.events += 1
            events = [BatchEvent(self.events, self.at.timestamp(), *event)]
        counts = {"total": 10, "succeeded": succeeded, "failed": failed, "pending": 10 - succeeded - failed}
        told = {**NOTHING, **counts, "state": state, "title": "Orders", "begun_at": self.at.timestamp(), **told}
        record(BatchNews(BatchRef("w", "r"), "r", self.written, self.at.timestamp(), told, events, result))
        return Batch.objects.get()


@pytest.fixture
def workflow(db, monkeypatch):
    monkeypatch.setattr(alarms, "LOOK", 0.0)
    monkeypatch.setattr(alarms, "_begun", timezone.now() - timedelta(days=1))
    return Batches()


def stood(batch: Batch, minutes: float) -> int:
    Batch.objects.update(moved_at=timezone.now() - timedelta(minutes=minutes))
    return alarms.look()


def ended_ago(minutes=2):
    for episode in Episode.objects.exclude(ended_at=None):
        Episode.objects.filter(pk=episode.pk).update(ended_at=timezone.now() - timedelta(minutes=minutes))


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_is_told_to_each_of_ops_with_its_page(batches, olga, maria):
    batch = batches.start([{"n": n, "word": "never"} for n in range(10)])
    batch.result()
    until(Letter.objects.exists)
    ((who, letter),) = letters()
    assert (who, letter.subject.partition(":")[0]) == ("olga", "The batch “Orders” failed")
    assert "of 10 items failed" in letter.text
    assert f"/batches/{batch.row.uuid}/" in letter.text
    assert episodes.tell_due() == 0


@pytest.mark.django_db(transaction=True)
def test_one_that_pauses_above_its_tolerance_is_told_and_that_it_goes_on(batches, olga):
    batch = batches.start([{"n": n, "word": "never"} for n in range(10)], on_tolerance="pause")
    batch.becomes("paused")
    until(Letter.objects.exists)
    assert headlines()[0].startswith("The batch “Orders” has paused: too many of its items failed: ")
    batch.signal("resume", "olga")
    batch.result()
    assert headlines() == [], "that it waits is no news any more"
    ended_ago()
    assert episodes.tell_due() == 1
    assert headlines() == ["The batch “Orders” waits no longer"]


def test_a_pause_that_somebody_ordered_is_no_alarm(workflow, olga):
    workflow.says("paused", event=("paused", "order", "they move house", "olga"))
    assert not Letter.objects.exists()


def test_who_does_not_want_it_is_not_told(workflow, olga):
    Preferences.objects.create(user=olga, ops=False)
    workflow.says("failed", failed=9, result={"status": "failed", "reason": "too many"})
    assert not Letter.objects.exists()


def test_one_that_stands_still_is_told_once_and_that_it_moves_again(workflow, olga):
    batch = workflow.says(succeeded=1)
    assert stood(batch, 4) == 0
    assert [stood(batch, 6), stood(batch, 7)] == [1, 0]
    assert headlines() == ["The batch “Orders” stands still: No item has come to an end since then."]
    workflow.says(succeeded=1)
    assert episodes.going_on(f"{alarms.STILL}:{batch.uuid}"), "that it was written down is no movement"
    workflow.says(succeeded=2)
    ended_ago()
    episodes.tell_due()
    assert headlines() == ["The batch “Orders” stands still no longer"]


@pytest.mark.parametrize(
    ("told", "patient"),
    [
        ({"slowest": {"chunk": 0, "seconds": 200}}, 9),
        ({"slowest": {"chunk": 0, "seconds": 20}}, 4),
        ({"pace": [{"limit": 5, "per_seconds": 600}]}, 14),
    ],
    ids=["three times its slowest chunk", "five minutes at least", "what its pace wants"],
)
def test_it_stands_still_when_it_has_had_its_time(workflow, olga, told, patient):
    batch = workflow.says(succeeded=1, **told)
    assert [stood(batch, patient), stood(batch, patient + 2)] == [0, 1]


def test_before_the_first_chunk_has_ended_it_has_as_long_as_one_may_take(workflow, olga):
    batch = workflow.says()
    Batch.objects.update(spec={"chunk_timeout_seconds": 1_200})
    assert [stood(batch, 19), stood(batch, 21)] == [0, 1]


@pytest.mark.parametrize("state", ["paused", "pausing", "stopping", "preparing"])
def test_only_what_runs_stands_still(workflow, olga, state):
    assert stood(workflow.says(state), 600) == 0


def test_what_did_not_move_while_no_worker_ran_gets_its_time(workflow, olga, monkeypatch):
    monkeypatch.setattr(alarms, "_begun", timezone.now())
    assert stood(workflow.says(succeeded=1), 600) == 0


def test_what_stands_still_or_was_ended_in_temporal_needs_a_look_on_the_list(workflow, olga, client):
    client.force_login(olga)
    batch = workflow.says(succeeded=1)
    assert b"Orders" not in client.get("/batches/?view=needs").content
    stood(batch, 6)
    assert b"Orders" in client.get("/batches/?view=needs").content
    workflow.says(succeeded=2)
    assert b"Orders" not in client.get("/batches/?view=needs").content
    Batch.objects.update(state="terminated", closed_at=timezone.now())
    assert b"Orders" in client.get("/batches/?view=needs").content


def test_one_that_ends_while_it_stands_still_stands_no_longer(workflow, olga):
    batch = workflow.says(succeeded=1)
    stood(batch, 6)
    workflow.says("cancelled", succeeded=1, result={"status": "cancelled", "reason": ""})
    assert not episodes.going_on(f"{alarms.STILL}:{batch.uuid}")


def test_what_is_told_leads_to_the_page_and_the_ledger_of_what_it_is_about(workflow):
    batch, schedule = workflow.says(), Schedule.objects.create(title="Nightly", spec={})
    for row, name, word in ((batch, alarms.STILL, "batch"), (schedule, DIFFERS, "schedule")):
        episode = Episode(subject=f"{name}:{row.uuid}")
        subject = subjects.of(episode)
        assert (subject.page(episode), subject.stream(episode)) == (row.get_absolute_url(), row.stream)
        about = {word: str(row.uuid), "title": str(row), "reference": row.reference}
        assert subject.about(episode) == about
