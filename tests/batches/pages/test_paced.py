"""How fast it is said to be, and how long it takes: after a pause, under new limits, while nothing ends."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from batches.eta import Seen, lately, since
from batches.models import Batch
from batches.page import BatchPage
from batches.told import Told
from tests.batches.pages.conftest import event, points, written

pytestmark = pytest.mark.django_db


def page_of(row, **said):
    row.refresh_from_db()
    return BatchPage(Told(row, {**row.told, **said}, live=True), timezone.now())


def earlier(row, number, **by):
    """The first so many points, so much earlier."""
    first = row.points.order_by("at")[:number].values("pk")
    row.points.filter(pk__in=first).update(seen_at=F("seen_at") - timedelta(**by), at=F("at") - timedelta(**by))
    Batch.objects.filter(pk=row.pk).update(begun_at=F("begun_at") - timedelta(**by))


def test_after_a_pause_it_is_as_fast_as_it_works():
    """Ten items a second, a pause of 40 s, and 10 s of work: the last minute alone would say 3 or so."""
    row = written(pending=1_000)
    points(row, 50, 10)
    earlier(row, 8, seconds=40)
    event(row, 1, "paused", 50)
    event(row, 2, "resumed", 10)
    page = page_of(row, succeeded=500, pending=500, rate=200 / 60)
    assert float(page.speed.number) == pytest.approx(10, abs=0.5)


def limited(fast_for, **more):
    """Two hundred items at 2 a second, then 20 a second for so long."""
    row = written(pending=1_000)
    points(row, 10, 20 + fast_for // 5)
    for place, point in enumerate(row.points.order_by("at")):
        done = min(place + 1, 20) * 10 + max(0, place - 19) * 100
        row.points.filter(pk=point.pk).update(succeeded=done)
    event(row, 1, "limited", fast_for)
    done = 200 + fast_for * 20
    return page_of(row, succeeded=done, pending=1_000 - done, rate=(done - 80) / 60)


def test_under_new_limits_what_was_under_the_old_ones_does_not_count():
    page = limited(20)
    assert float(page.speed.number) == pytest.approx(20, abs=1)
    low, high = page._left.low, page._left.high
    assert low <= 20 <= high < 35, "in truth 400 items at 20 a second"


def test_just_after_new_limits_nothing_is_said_yet():
    row = written(pending=1_000)
    points(row, 10, 20)
    event(row, 1, "limited", 1)
    page = page_of(row, succeeded=200, pending=800, rate=2.0)
    assert (page.speed, page.left, page.no_guess) == (None, None, "soon")


def test_that_no_chunk_ends_is_said_beside_the_mean_of_the_minute(temporal, see, rita):
    row = written(pending=1_000)
    points(row, 25, 20)
    earlier(row, 20, seconds=45)
    temporal.says(row, succeeded=500, pending=500, rate=59.0)
    assert "Rate 59 items/s, no chunk has ended for 45 s" in see(rita, row.get_absolute_url())
    page = page_of(row, succeeded=500, pending=500, rate=59.0, median_seconds=30.0)
    assert page.quiet == 0, "its chunks take so long"
    assert page_of(row, succeeded=510, pending=490, rate=59.0).quiet == 0, "one has ended since"


def test_before_the_first_chunk_has_ended_there_is_no_speed(temporal, see, rita):
    row = written(pending=1_000)
    temporal.says(row, running=40, pending=960, chunks_in_flight=4)
    assert "Rate – no number said when a chunk has ended" in see(rita, row.get_absolute_url())


def test_since_then_and_of_the_last_minute():
    seen = [Seen(0, 0), Seen(100, 100), Seen(200, 1_100)]
    assert since(seen, 150) == [Seen(150, 600), Seen(200, 1_100)]
    assert since(seen, 0) is seen
    assert lately(seen) == 10
    assert lately(seen[:1]) is None
    assert lately([]) is None
    assert lately([Seen(0, 0), Seen(2, 50)]) is None
