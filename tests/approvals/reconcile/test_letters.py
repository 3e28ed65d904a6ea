"""A level that only the reconciler has seen open is told as any other is, to everybody, once."""

import pytest
from django.utils import timezone

from accounts.hosts import read
from accounts.models import Letter
from accounts.receivers import Delivery, Receiver
from approvals import reconcile
from approvals.models import Request, Step
from tests.approvals.core.conftest import click, opened
from tests.approvals.reconcile.conftest import run, settled
from tests.conftest import person
from tests.temporal import until

WAITS = "level_waits"


@pytest.fixture
def half_way(house, waiting, maria, dirk, settings):
    """The director is waited for; two directors could decide."""
    settings.WEBHOOK_HOSTS = read("127.0.0.1")
    Receiver.objects.create(name="ERP", url="http://127.0.0.1:1/", types=["request.level_opened"])
    for user in (maria, dirk, person("doris", "director")):
        user.email = f"{user.username}@example.org"
        user.save()
    row = waiting(20_000)
    assert click(row, maria).state == "recorded"
    return settled(opened(row, 1))


def told_directors():
    return sorted(Letter.objects.filter(event__endswith=f"/1/{WAITS}").values_list("user__username", flat=True))


def unseen(row):
    """As if the opening of the second level had never been written down."""
    Letter.objects.filter(event__contains="/1/").delete()
    Delivery.objects.filter(event__contains="/1/").delete()
    row.steps.filter(index=1).update(state=Step.State.PENDING, opened_at=None, deadline=None, remind_at=None)
    Request.objects.update(current_step=0, current_level="manager")


def test_whoever_can_decide_is_told_and_reminded_later(half_way):
    unseen(half_way)
    assert run().repaired == 1
    assert told_directors() == ["dirk", "doris"]
    step = half_way.steps.get(index=1)
    assert step.opened_at < step.remind_at < step.deadline
    assert Delivery.objects.filter(event__endswith="/1/opened").count() == 1


def test_who_was_told_already_is_not_told_again(half_way):
    unseen(half_way)
    run()
    Letter.objects.update(state="sent", tried_at=timezone.now())
    row = settled(Request.objects.get())
    row.steps.filter(index=1).update(state=Step.State.PENDING)
    Request.objects.update(current_level="manager")
    assert run().repaired == 1
    assert told_directors() == ["dirk", "doris"]
    assert set(Letter.objects.filter(event__endswith=WAITS).values_list("state", flat=True)) == {"sent"}
    assert Delivery.objects.filter(event__endswith="/1/opened").count() == 1


def test_a_level_whose_opening_was_seen_is_not_told_again_when_its_row_is_mended(half_way):
    letters, deliveries = Letter.objects.count(), Delivery.objects.count()
    Request.objects.update(current_step=0)
    assert run().repaired == 1
    assert (Letter.objects.count(), Delivery.objects.count()) == (letters, deliveries)


def test_of_a_row_that_was_lost_the_open_level_is_told(half_way, monkeypatch):
    monkeypatch.setattr(reconcile, "YOUNG", timezone.timedelta(0))
    Request.objects.all().delete()
    Letter.objects.all().delete()
    assert until(lambda: run().repaired) == 1
    assert told_directors() == ["dirk", "doris"]
    assert not Letter.objects.filter(event__endswith=f"/0/{WAITS}").exists(), "that level is decided"
