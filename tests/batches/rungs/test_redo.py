"""What others served is served again by the job itself: ordered by ops, once, in the ledger, counted once."""

import uuid

import pytest

from audit.models import Entry
from batches.models import Failure, Order
from tests.temporal import until

CACHE = {"name": "cached", "job": "cache", "timeout_seconds": 5, "attempts": 1}
ITEMS = [{"n": n} for n in range(20)]


@pytest.fixture
def degraded(batches, shop):
    """A batch under way: ten of its items were served by another, for the job was broken then."""
    shop.broken.add("charge")
    pace = {"kind": "sliding_window", "limit": 10, "per_seconds": 3_600}
    one = batches.start(ITEMS, job="charge", fallbacks=[CACHE], item_attempts=1, max_parallel=1, pace=pace)
    until(lambda: one.told()["degraded"] == 10)
    one.signal("pause", "olga", "wait")
    one.becomes("paused")
    one.signal("set_limits", {"pace": None})
    until(lambda: one.row.degraded == one.told()["degraded"])
    return one


def test_mended_they_are_served_again_and_one_that_fails_keeps_what_it_had(degraded, shop):
    before = degraded.told()["degraded"]
    shop.broken.clear()
    shop.fails_for = {3}
    degraded.signal("redo_degraded", "olga", "cached", 0, "it is back")
    degraded.signal("resume", "olga")
    result = degraded.result()
    assert (result["status"], result["successful"], result["degraded"]) == ("completed", 19, 1)
    assert result["rungs"] == {"cached": 1}
    assert {line["item"]: line.get("rung") for line in degraded.results()} == {
        str(n + 1): "cached" if n == 3 else None for n in range(20)
    }
    assert shop.calls["charge"] == 20 + before
    assert not Failure.objects.exists()
    assert "all degraded items that cached served" in [event.what for event in degraded.row.events.all()]


def test_on_the_page_it_is_asked_what_it_comes_to_and_done_once(degraded, shop, client, olga, rita):
    shop.broken.clear()
    row, address = degraded.row, f"{degraded.row.get_absolute_url()}order/"
    client.force_login(olga)
    page = client.get(row.get_absolute_url()).content.decode()
    assert "Serve degraded again" in page
    order = {
        "action": "redo",
        "order_id": str(uuid.uuid4()),
        "shown": "2",
        "group": "cached",
        "sample": "",
        "reason": "",
    }
    asked = client.post(address, {**order, "ask": "1"}).content.decode()
    assert f"Serve {row.degraded} degraded items again?" in asked
    assert not Order.objects.filter(action="redo").exists()
    for _twice in range(2):
        answer = client.post(address, {**order, "confirmed": "1"}, headers={"Accept": "application/json"})
        assert answer.json()["state"] == "recorded", answer.content
    entry = Entry.objects.get(stream=row.stream, kind="batch.redone")
    assert (entry.actor, entry.known) == ("olga", "signed_in")
    client.force_login(rita)
    assert client.post(address, {**order, "order_id": str(uuid.uuid4()), "confirmed": "1"}).status_code == 403
    degraded.signal("resume", "olga")
    assert degraded.result()["degraded"] == 0


def test_in_a_terminal(degraded, shop, batch, olga):
    shop.broken.clear()
    name = degraded.row.reference
    assert batch("redo-degraded", name, "--as", "olga", "--sample", -1).code == 1
    assert batch("redo-degraded", name, "--as", "olga", "--rung", "gold").code == 1
    assert batch("redo-degraded", name, "--as", "olga", "--sample", 4).code == 0
    degraded.signal("resume", "olga")
    assert degraded.result()["degraded"] == degraded.row.degraded
    assert shop.calls["charge"] == 20 + 4


def test_nobody_is_degraded_so_nothing_is_done(batches, shop):
    shop.slow = 0.2
    one = batches.start(ITEMS, job="charge", fallbacks=[CACHE], max_parallel=1)
    one.becomes("running")
    one.signal("redo_degraded", "olga", "", 0, "", "once")
    one.result()
    assert [event.cause for event in one.row.events.filter(order="once")] == ["none_degraded"]


def test_of_one_that_has_ended_a_new_batch_runs_them_under_their_keys(batches, shop):
    shop.broken.add("charge")
    items = [{"id": f"o{n}", "n": n} for n in range(12)]
    first = batches.start(items, job="charge", fallbacks=[CACHE], item_attempts=1, item_key="id")
    assert first.result()["degraded"] == 12
    shop.broken.clear()
    second = batches.start(source={"degraded_of": str(first.row.uuid)}, job="charge")
    assert second.result()["successful"] == 12
    assert {line["item"] for line in second.results()} == {item["id"] for item in items}
    third = batches.start(source={"degraded_of": second.handle.id}, job="charge").result()
    assert (third["status"], third["errors"]) == (
        "invalid",
        ["No item of that batch is degraded, so there is nothing to do."],
    )
