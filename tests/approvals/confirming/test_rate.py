"""At most so many queries a second, whatever is on screen and however many look."""

import threading
import time

from django.utils import timezone

from approvals import confirmer
from approvals.bucket import Bucket
from approvals.models import Request
from tests.approvals.confirming.conftest import inbox
from tests.approvals.web.making import request_of
from tests.temporal import until


def busiest(times, window=1.0):
    """The most that lie within any one second."""
    return max(sum(1 for other in times if at <= other < at + window) for at in times)


def test_a_bucket_lets_so_many_go_in_any_second_and_not_all_at_once():
    bucket, gone = Bucket(20), []

    def take():
        for _ in range(15):
            bucket.wait()
            gone.append(time.monotonic())

    threads = [threading.Thread(target=take) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began > 2.0
    assert busiest(sorted(gone), 0.99) <= 20
    assert busiest(sorted(gone), 0.1) <= 5


def test_a_hundred_rows_on_many_screens_are_twenty_queries_a_second_and_one_each(
    transactional_db, maria, dirk, boss, rita, alive, monkeypatch
):
    from worker import client

    asked = []

    def query(workflow_id, name, args=(), **more):
        asked.append((time.monotonic(), workflow_id))
        return told[workflow_id]

    monkeypatch.setattr(client, "query", query)
    rows = [request_of(rita, "manager", "director", due_in=n + 1) for n in range(50)]
    rows += [request_of(rita, "manager", "director", at=1, due_in=n + 1) for n in range(50)]
    Request.objects.update(updated_at=timezone.now() - timezone.timedelta(minutes=5))
    told = {row.workflow_id: _as_it_is(row) for row in rows}
    began = time.monotonic()
    for _ in range(3):
        for user, view in ((maria, "waiting"), (dirk, "waiting"), (boss, "open"), (maria, "open")):
            inbox(user, view)
    until(confirmer.confirmer().idle)
    assert sorted(who for _at, who in asked) == sorted(told), "one for each, however many look"
    assert time.monotonic() - began > 4.0
    assert busiest([at for at, _who in asked]) <= 20


def _as_it_is(row):
    """What its workflow would say."""
    steps = [
        {
            "level": step.level,
            "approved": step.state == "approved",
            "open": step.state == "open",
            "deadline": step.deadline.timestamp() if step.deadline else None,
        }
        for step in row.steps.all()
    ]
    return {"status": row.status, "current_step": row.current_step, "steps": steps}
