"""The points that a batch's line is made of, as its workflow has them written down."""

from dataclasses import asdict

import pytest

from approvals.recording import moment
from batches import recording
from circuits.models import Service
from tests.batches.pages.conftest import SPEC, written
from worker.batch_wire import BatchNews, BatchRef
from worker.resilience.pace import Limit

pytestmark = pytest.mark.django_db
T = 1_800_000_000.0


def tells(row, at, number, **changed):
    said = {**row.told, "uuid": str(row.uuid), **changed}
    recording.record(BatchNews(BatchRef(row.workflow_id, "first"), "first", number, at, said, [], None))


def points(row):
    return [(point.seen_at, point.succeeded, point.limit) for point in row.points.order_by("at")]


def test_of_each_five_seconds_the_last_word_counts_with_the_moment_it_is_of():
    row = written(pending=100)
    for number, (at, done) in enumerate([(0.5, 1), (4.9, 10), (9.95, 20), (15.0, 30)], 2):
        tells(row, T + at, number, succeeded=done, pending=100 - done)
    assert points(row) == [(moment(T + at), done, None) for at, done in ((4.9, 10), (9.95, 20), (15.0, 30))]


def test_the_limit_is_the_least_of_its_paces_and_of_the_budget_of_its_service():
    Service.objects.create(name="payments", budget_calls=100, budget_seconds=60)
    row = written(pending=100, spec={**SPEC, "service": "payments"})
    pace = [asdict(Limit("token_bucket", 90, 3.0)), asdict(Limit("sliding_window", 40, 10.0))]
    tells(row, T, 2, pace=pace)
    tells(row, T + 5, 3, pace=pace[:1])
    tells(row, T + 10, 4, pace=[])
    Service.objects.update(budget_calls=None)
    tells(row, T + 15, 5, pace=[])
    assert [limit for _at, _done, limit in points(row)] == [100 / 60, 100 / 60, 100 / 60, None]
    tells(row, T + 20, 6, pace=[asdict(Limit("token_bucket", 1, 2.0))])
    assert points(row)[-1][2] == 0.5


def test_a_line_of_many_points_is_thinned_and_stays_as_long(monkeypatch):
    monkeypatch.setattr(recording, "MOST_POINTS", 8)
    row = written(pending=1_000)
    for n in range(30):
        tells(row, T + 5 * n, n + 2, succeeded=10 * n, pending=1_000 - 10 * n)
    row.refresh_from_db()
    found = points(row)
    assert row.point_seconds == 20
    assert len(found) <= 8
    assert (found[0][0], found[-1][1]) == (moment(T), 290)
