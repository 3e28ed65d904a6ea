"""What is on screen is compared with real workflows: confirmed, mended and shown as such, or said that it cannot be."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from approvals import confirmer, confirming
from approvals.models import Request, Status, Step
from live.models import Pulse
from tests.approvals.confirming.conftest import comes_to, ends_outside, inbox, kinds, settled, state
from tests.approvals.core.conftest import NOBODY, click, opened
from tests.temporal import LONG, until

LONG_AGO = timedelta(minutes=5)


def wrong(row, **values):
    """Write into the index what no workflow said."""
    Request.objects.filter(pk=row.pk).update(updated_at=timezone.now() - LONG_AGO, **values)


@pytest.fixture
def half_way(house, waiting, maria):
    row = waiting(20_000, title="Half way")
    click(row, maria)
    return settled(opened(row, 1))


def test_it_is_confirmed_and_says_since_when(waiting, maria, alive, asked):
    for _ in range(3):
        waiting()
    assert state(maria) == "confirming"
    shown = comes_to(maria, "confirmed").confirmation
    assert timezone.now() - shown.at < timedelta(minutes=1)
    assert len(asked) == 3
    assert state(maria) == "confirmed"
    until(confirmer.confirmer().idle)
    assert len(asked) == 3, "nobody is asked again within the minute"


def test_what_was_touched_is_asked_for_again_and_so_is_what_is_older_than_a_minute(
    waiting, maria, alive, asked, monkeypatch
):
    row, other = waiting(), waiting()
    comes_to(maria, "confirmed")
    until(confirmer.confirmer().idle)
    asked.clear()
    row.save()
    assert state(maria) == "confirmed", "its own workflow wrote it"
    until(confirmer.confirmer().idle)
    assert [who for _at, who in asked] == [row.workflow_id]
    monkeypatch.setattr(confirming, "MINUTE", 0.0)
    state(maria)
    until(confirmer.confirmer().idle)
    assert sorted(who for _at, who in asked[1:]) == sorted([row.workflow_id, other.workflow_id])


def test_a_wrong_row_is_mended_shown_as_such_and_ledgered(waiting, maria, alive):
    row = settled(waiting())
    right = row.deadline
    wrong(row, deadline=right + timedelta(hours=7))
    shown = until(lambda: next((one for one in inbox(maria).page.rows if one.corrected), None), what="it is mended")
    assert (shown.deadline, shown.corrected) == (right, "its deadline")
    assert kinds(row)[-1] == "request.mended"
    assert comes_to(maria, "confirmed").confirmation.left == ()


def test_what_is_corrected_and_so_leaves_the_list_is_told_there_and_to_nobody_else(half_way, maria, dirk, alive):
    comes_to(dirk, "confirmed")
    wrong(half_way, current_step=0, current_level="manager")
    half_way.steps.filter(index=0).update(state=Step.State.OPEN, decided_by=None, decided_by_name="")
    half_way.steps.filter(index=1).update(state=Step.State.PENDING)
    assert [row.title for row in inbox(maria, sort="age").page.rows] == ["Half way"]
    [left] = until(lambda: inbox(maria, sort="age").confirmation.left, what="it has left")
    assert left.reference == half_way.reference
    assert "its level" in left.words
    assert inbox(maria, sort="age").page.rows == ()
    assert [row.corrected for row in inbox(maria).others] == [left.words], "it is below, with others"
    assert [row.title for row in inbox(dirk).page.rows] == ["Half way"]
    assert inbox(dirk).confirmation.left == ()
    assert half_way.steps.get(index=0).decided_by.username == "maria"


def test_what_one_may_not_see_any_more_is_not_told_either(half_way, maria, vera, alive):
    """A chain that was wrong had shown it to her."""
    half_way.steps.filter(index=1).update(level="vp")
    wrong(half_way, current_level="vp")
    assert [row.title for row in inbox(vera).page.rows] == ["Half way"]
    until(lambda: Request.objects.get().current_level == "director", what="it is mended")
    until(confirmer.confirmer().idle)
    shown = inbox(vera)
    assert (shown.page.rows, shown.others, shown.confirmation.left) == ((), (), ())


def test_an_approval_that_was_deleted_is_there_again(half_way, dirk, alive):
    half_way.steps.filter(index=0).delete()
    inbox(dirk)
    until(lambda: half_way.steps.filter(index=0, state="approved", decided_by_name="maria").exists())


def test_what_was_ended_in_temporal_is_closed_and_said(house, waiting, maria, alive):
    row = settled(waiting())
    comes_to(maria, "confirmed")
    until(confirmer.confirmer().idle)
    ends_outside(house, row)
    confirming.forget()
    inbox(maria)
    until(lambda: Request.objects.get().status == Status.TERMINATED, what="it is closed")
    [left] = until(lambda: inbox(maria).confirmation.left)
    assert (left.reference, left.words) == (row.reference, "its state")


def test_what_is_asked_for_once_is_asked_though_nobody_looks_any_more(waiting, maria, alive, asked):
    for _ in range(4):
        waiting()
    inbox(maria)
    until(confirmer.confirmer().idle)
    assert len(asked) == 4
    assert state(maria) == "confirmed"


def test_closed_rows_and_rows_not_started_are_not_asked_for(waiting, maria, rita, alive, asked):
    row = waiting()
    click(row, maria, "reject", comment="no")
    until(lambda: not Request.objects.get(pk=row.pk).is_open)
    assert state(maria, "closed") == ""
    other = waiting()
    Request.objects.filter(pk=other.pk).update(first_run_id="")
    assert state(maria, "open") == ""
    assert asked == []


# --- when nobody answers ----------------------------------------------------------------------------------------------


def test_without_a_worker_it_says_so_asks_nobody_and_recovers(waiting, maria, asked, monkeypatch, request):
    waiting()
    shown = comes_to(maria, "missed").confirmation
    assert shown.words == "1 of 1 could not be confirmed: no worker runs. Shown is what was recorded last."
    assert shown.at is None
    assert asked == []
    assert [row.unconfirmed for row in inbox(maria).page.rows] == [False], "all are alike, so none is marked"
    monkeypatch.setattr(confirming, "AGAIN", 0.1)
    request.getfixturevalue("alive")
    assert comes_to(maria, "confirmed").confirmation.at


def test_with_temporal_away_it_says_so_and_the_list_goes_on(waiting, maria, via):
    waiting()
    via(NOBODY)
    shown = comes_to(maria, "missed")
    assert "1 of 1 could not be confirmed: Temporal does not answer." in shown.confirmation.words
    assert len(shown.page.rows) == 1


def test_a_workflow_that_does_not_answer_is_marked_among_those_that_do(house, waiting, maria, alive, monkeypatch):
    from worker import client

    waiting(title="speaks")
    silent = waiting(title="is silent")
    query = client.query

    def some(workflow_id, *args, **more):
        if workflow_id == silent.workflow_id:
            raise client.Unknown("no answer")
        return query(workflow_id, *args, **more)

    monkeypatch.setattr(client, "query", some)
    comes_to(maria, "missed")
    until(confirmer.confirmer().idle)
    shown = inbox(maria)
    assert shown.confirmation.words.startswith("1 of 2 could not be confirmed: the workflow does not answer.")
    assert {row.title: row.unconfirmed for row in shown.page.rows} == {"speaks": False, "is silent": True}


def test_a_worker_that_has_gone_silent_costs_the_page_nothing(house, waiting, maria, alive, monkeypatch):
    """Its pulse is still young, and no query is answered."""
    from worker import client

    asked, over = threading.Event(), threading.Event()
    query = client.query

    def silent(*args, **more):
        asked.set()
        assert over.wait(LONG)
        return query(*args, **more)

    monkeypatch.setattr(client, "query", silent)
    waiting()
    house.worker.stop()
    until(lambda: state(maria) == "confirming" and asked.is_set())
    assert state(maria) == "confirming", "the page is there while the query hangs"
    over.set()
    assert comes_to(maria, "missed")


def test_switched_off_it_asks_nobody_and_says_what_is_shown(waiting, maria, alive, asked, settings):
    settings.CONFIRM_A_SECOND = 0
    waiting()
    shown = inbox(maria).confirmation
    assert (shown.state, asked) == ("off", [])
    assert "as recorded" in shown.words


def test_a_pulse_is_looked_up_once_a_second_not_for_each_row(waiting, maria, alive, monkeypatch):
    looked = []
    monkeypatch.setattr("approvals.confirmer.system", lambda: looked.append(time.monotonic()) or _well())
    for _ in range(5):
        waiting()
    comes_to(maria, "confirmed")
    assert looked
    assert all(later - one > 1.0 for one, later in pairwise(looked))
    assert Pulse.objects.exists()


def _well():
    from live.queries import System

    return System([], worker_alive=True, temporal_ok=True, as_of=timezone.now())
