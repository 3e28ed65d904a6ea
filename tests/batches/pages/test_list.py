"""The list of batches: those under way first, its views, its search, its pages, and what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batches import asking, listing, told
from batches.asking import Asked
from batches.models import Batch, State, Upload
from batches.regions import BatchesRegion
from circuits.models import Episode
from tests.batches.pages.conftest import SPEC, written
from tests.conftest import person
from worker import client

pytestmark = pytest.mark.django_db


def titles(**asked):
    return [page.row.title for page in listing.listed(Asked(**asked)).rows]


def ago(row, **times):
    Batch.objects.filter(pk=row.pk).update(**{name: timezone.now() - age for name, age in times.items()})


def test_those_under_way_come_first_then_the_latest():
    for title, state in (("a", "completed"), ("b", "running"), ("c", "failed"), ("d", "paused"), ("e", "cancelled")):
        written(title, state)
    assert titles() == ["d", "b", "e", "c", "a"]
    assert titles(view="running") == ["d", "b"]
    assert titles(view="ended") == ["e", "c", "a"]


def test_what_is_paused_stands_still_or_has_failed_of_late_needs_a_look():
    for title, state in (("runs", "running"), ("paused", "paused"), ("done", "completed"), ("failed", "failed")):
        written(title, state)
    still = written("still")
    Episode.objects.create(subject=f"batch-still:{still.uuid}", began_at=timezone.now())
    ago(written("never began", "preparing"), written_at=timedelta(minutes=11))
    ago(written("failed long ago", "failed"), closed_at=timedelta(days=2))
    failed = written("failed and started again", "failed")
    written("again", follows=failed)
    assert sorted(titles(view="needs")) == ["failed", "never began", "paused", "still"]
    said = {view.name: view.number for view in listing.listed(Asked()).views}
    assert said == {"all": "9", "needs": "4", "held": "0", "running": "5", "ended": "4"}


def test_what_is_paused_or_failed_says_why_in_its_row(see, rita):
    written("March invoices", "paused", pending=1, told={"paused_reason": "They move house"})
    written("Reminders", "failed", failed=1, told={"stopping_reason": "68 of 300 items failed"})
    page = see(rita, "/batches/")
    assert page.index("March invoices") < page.index("They move house") < page.index("Reminders")
    assert "68 of 300 items failed" in page


def test_it_is_read_page_by_page_and_nothing_is_left_out_or_shown_twice():
    made = [written(f"t{n:02}", "running" if n % 2 else "completed", pending=1) for n in range(60)]
    asked, seen = Asked(), []
    for _ in range(3):
        found = listing.listed(asked)
        seen += [page.row.title for page in found.rows]
        asked = asking.of_key(found.following) or Asked()
    assert len(seen) == len(set(seen)) == len(made)
    assert seen == sorted(seen, key=lambda title: (int(title[1:]) % 2 == 0, -int(title[1:])))
    assert listing.listed(asked).rows[0].row.title == "t59"  # there was no page after the last


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("march", "March invoices"),
        ("NIGHTLY", "Reminders"),
        ("invoices march", "March invoices"),
        ("recommend", "Reminders"),
    ],
    ids=["title", "requester", "words in any order", "job"],
)
def test_it_is_searched_by_words_of_title_job_and_requester(q, found):
    written("March invoices")
    written("Reminders", requester="nightly", job="recommend", spec={})
    assert titles(q=q) == [found]


def test_it_is_searched_by_the_name_of_whoever_ordered_it_and_of_its_file():
    olga = person("olga", groups=("ops",), first_name="Olga", last_name="Petri")
    written("April", user=olga, spec={**SPEC, "source": {"uri": "file:///march/2026%20payments.csv"}})
    upload = Upload.objects.create(name="airports.csv", size=1, user=olga)
    written("Places", upload=upload, spec={**SPEC, "source": {"uri": "file:///uploads/1.csv"}})
    assert titles(q="petri") == titles(q="Olga Petri") == titles(q="payments") == ["April"]
    assert titles(q="airports") == ["Places"]
    assert titles(q="march") == titles(q="[^") == []


def test_a_reference_finds_its_batch():
    made = written("March invoices")
    written(f"not {made.reference}9 but another")
    assert titles(q=made.reference.lower()) == ["not B-" + made.reference[2:] + "9 but another", "March invoices"]
    assert titles(q="B-99999999999999999999999") == titles(q="b-x") == []


def test_an_empty_list_teaches_and_one_where_nothing_matches_says_so(see, rita, olga):
    assert "Many items, each counted exactly once" in see(rita, "/batches/")
    written("March invoices")
    page = see(rita, "/batches/?q=april")
    assert "Nothing matches" in page
    assert "Many items" not in page
    assert "No batch needs a look" in see(rita, "/batches/?view=needs")


@pytest.mark.parametrize(
    "query", ["view=x", "after=o1x", "after=z9", "q=%00%07", "after=o" + "9" * 30, "view=needs&x=1"]
)
def test_rubbish_in_the_address_is_as_if_it_had_not_been_said(see, rita, query):
    written("March invoices", "paused")
    assert "March invoices" in see(rita, f"/batches/?{query}")


def test_only_its_own_spelling_is_a_key_of_the_region(rita):
    region = BatchesRegion()
    keys = ("", "view=needs", "q=a+b", "view=ended&after=e12")
    assert all(region.may_watch(rita, key) for key in keys)
    assert not any(region.may_watch(rita, key) for key in ("view=all", "x=1", "q=a%20b", "after=12", "q=" + "a" * 121))


def test_the_numbers_of_what_runs_are_asked_for_and_so_many_at_once_only(temporal):
    rows = [written(f"t{n:02}", pending=100) for n in range(25)]
    for row in rows:
        temporal.says(row, succeeded=42, pending=58, rate=3.0)
    found = listing.listed(Asked()).rows
    assert sum(temporal.asked.values()) == told.ASKED_AT_ONCE
    assert [page.done for page in found] == ["42"] * 20 + ["0"] * 5
    assert {page.told.why for page in found[20:]} == {"index"}


def test_one_that_does_not_answer_is_not_waited_for_with_all_the_others(temporal, see, rita):
    for n in range(4):
        temporal.answers[written(f"t{n}", succeeded=7, pending=93).workflow_id] = client.Unknown("No answer.")
    page = see(rita, "/batches/")
    assert sum(temporal.asked.values()) == 1
    assert "No answer just now." in page
    assert page.count("7 % of 100") == 4


def test_with_no_worker_it_shows_what_was_known_last_and_how_old_that_is(see, rita):
    ago(written("March invoices", succeeded=7, pending=93), written_at=timedelta(minutes=3))
    page = see(rita, "/batches/")
    assert "No worker runs. This is what was known last." in page
    assert "as of 3 min ago" in page
    assert "7 % of 100" in page


def test_what_it_costs_does_not_grow_with_the_number_of_batches(temporal):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            listing.listed(Asked())
        return len(seen)

    written("a", "completed", succeeded=1)
    few = queries()
    for n in range(24):
        written(f"t{n}", "completed" if n % 3 else "failed", succeeded=3, failed=1)
    assert queries() == few <= 4


def test_every_state_has_a_word_and_a_shape_of_its_own(see, rita):
    for state in State.values:
        written(state, state)
    page = see(rita, "/batches/")
    for word in (
        "Preparing",
        "Running",
        "Pausing",
        "Paused",
        "Stopping",
        "Completed",
        "Failed",
        "Cancelled",
        "Not valid",
        "Ended in Temporal",
    ):
        assert word in page
