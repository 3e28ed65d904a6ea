"""What was told long ago becomes a trace; what goes on, and what is not settled, stays as it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import purging, queries
from accounts.models import Letter
from accounts.receivers import Delivery, Receiver, Trace
from live.models import Count

LONG_AGO = timezone.now() - timedelta(days=200)


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch):
    monkeypatch.setattr(purging, "_looked", float("-inf"))


def letter(stream, at=LONG_AGO, state="sent", name="Maria", **more):
    settled = None if state in ("waiting", "sending") else at
    return Letter.objects.create(
        event=f"{stream}/{name}", kind="level_waits", stream=stream, state=state, name=name, address="m@example.org",
        made_at=at, next_at=at, tried_at=settled, **more,
    )  # fmt: skip


def delivery(stream, at=LONG_AGO, state="delivered"):
    erp, _new = Receiver.objects.get_or_create(name="ERP", url="https://erp.example/")
    return Delivery.objects.create(
        receiver=erp, name="ERP", event=stream, type="request.closed", stream=stream, state=state,
        data={"title": "Forklift"}, made_at=at, next_at=at, tried_at=None if state == "waiting" else at,
    )  # fmt: skip


def left():
    return sorted(
        [*Letter.objects.values_list("stream", flat=True), *Delivery.objects.values_list("stream", flat=True)]
    )


def test_it_says_the_same_afterwards_in_one_row_without_addresses(db):
    letter("request:a")
    letter("request:a", name="Peter", why="bad_address", state="failed", error="550 p@example.org")
    letter("request:a", name="Otto", state="dropped")
    delivery("request:a")
    before = queries.told("request:a")
    assert len(before) == 3
    assert purging.purge_due() == 4
    assert left() == []
    assert queries.told("request:a") == before
    [trace] = Trace.objects.all()
    assert "example" not in str(trace.told)
    assert "Forklift" not in str(trace.told)


@pytest.mark.parametrize("state", ["waiting", "sending"])
def test_a_stream_of_which_something_waits_stays_as_it_is(db, state):
    letter("request:a")
    letter("request:a", name="Peter", state=state)
    letter("request:b")
    assert purging.purge_due() == 1
    assert left() == ["request:a", "request:a"]


def test_a_stream_whose_delivery_waits_stays_too(db):
    letter("request:a")
    delivery("request:a", state="waiting")
    assert purging.purge_due() == 0


def test_a_stream_that_goes_on_stays_as_it_is(db):
    letter("request:a")
    letter("request:a", at=timezone.now(), name="Peter")
    assert purging.purge_due() == 0
    assert len(left()) == 2


def test_what_is_younger_than_the_setting_says_stays(db, settings):
    letter("request:a", at=timezone.now() - timedelta(days=89))
    assert purging.purge_due() == 0
    settings.OUTBOX_DAYS = 88
    purging._looked = float("-inf")
    assert purging.purge_due() == 1


def test_zero_days_keep_everything(db, settings):
    settings.OUTBOX_DAYS = 0
    letter("request:a")
    assert purging.purge_due() == 0


def test_a_trace_is_added_to_when_there_is_more(db):
    letter("request:a")
    purging.purge(timezone.now())
    letter("request:a", name="Peter")
    purging.purge(timezone.now())
    assert [one.names for one in queries.told("request:a")] == [("Maria",), ("Peter",)]


def test_what_belongs_to_no_page_goes_without_a_trace(db):
    letter("")
    delivery("")
    letter("", at=timezone.now(), name="Peter")
    letter("", name="Otto", state="waiting")
    assert purging.purge_due() == 2
    assert not Trace.objects.exists()
    assert Letter.objects.count() == 2


def test_many_streams_go_in_pieces(db, monkeypatch):
    monkeypatch.setattr(purging, "PIECE", 3)
    for number in range(10):
        letter(f"request:{number}")
    assert purging.purge_due() == 10
    assert Trace.objects.count() == 10


def test_a_worker_looks_now_and_then_and_not_every_second(db, django_assert_num_queries):
    purging.purge_due()
    letter("request:a")
    with django_assert_num_queries(0):
        assert purging.purge_due() == 0


def test_purging_takes_no_count_back(db):
    Count.objects.create(name="mail", labels='{"result": "sent"}', number=7)
    letter("request:a")
    purging.purge_due()
    assert Count.objects.get().number == 7
