"""Batches grouped by a column: a child for each value, named after it; one that fails leaves the others alone."""

import json
import threading

import pytest

from batches import evidence, exports
from batches.under_way import under_way
from tests.batches.test_children import children_of
from tests.temporal import until

TENANTS = ("acme", "b&b", "acme", "zoo", "b&b", "acme", "zoo", "acme")


def orders(bad=""):
    return [{"n": n, "tenant": name, "word": "never" if name == bad else "fine"} for n, name in enumerate(TENANTS)]


def start(batches, items, **more):
    return batches.start(items, strategy="child_per_chunk", group_by="tenant", chunk_size=3, **more)


def test_each_value_is_a_child_that_is_named_after_it(batches, told):
    batch = start(batches, orders())
    result = batch.result()
    assert (result["status"], result["successful"]) == ("completed", 8)
    named = [f"{batch.handle.id}-tenant-{name}" for name in ("acme", "b_b.1", "zoo")]
    assert sorted(children_of(batch)) == sorted(named)
    assert [line["item"] for line in batch.results()] == ["1", "3", "6", "8", "2", "5", "4", "7"], (
        "by their old numbers"
    )
    assert sorted(told.calls) == sorted(map(json.dumps, orders()))
    assert set(told.calls.values()) == {1}


def test_a_group_that_fails_ends_for_itself_and_the_others_go_on(batches, told):
    batch = start(batches, orders(bad="acme"), tolerated_failure_rate=0, max_parallel=1)
    result = batch.result()
    assert result["status"] == "failed"
    assert result["reason"] == "More than 0 % failed in 1 of 3 groups: acme"
    assert result["successful"] == 4, "all of the others"
    assert result["failed"] + result["not_run"] == 4
    groups = {group["name"]: (group["state"], group["served"]) for group in batch.row.told["groups"]}
    assert groups == {"acme": ("stopped", 0), "b&b": ("ended", 2), "zoo": ("ended", 2)}
    assert batch.row.told["groups_by_state"] == {"waiting": 0, "running": 0, "ended": 2, "stopped": 1}
    row = batch.row
    kept = list(row.item_groups.order_by("place").values_list("name", "items", "served", "failed", "state"))
    assert kept[1:] == [("b&b", 2, 2, 0, "ended"), ("zoo", 2, 2, 0, "ended")]
    name, items, served, failed, state = kept[0]
    assert (name, items, served, failed, state) == ("acme", 4, 0, row.failed, "stopped")
    lines = "".join(exports.texts(row, "groups", "csv")).splitlines()
    assert lines[0] == "group,items,succeeded,degraded,failed,not_run,state"
    assert lines[1] == f"acme,4,0,0,{row.failed},{4 - row.failed},stopped"
    assert lines[2:] == ["b&b,2,2,0,0,0,ended", "zoo,2,2,0,0,0,ended"]


def test_what_failed_in_a_group_is_run_again_by_a_child_of_that_group(batches, told):
    told.open.clear()
    batch = start(batches, orders(bad="zoo"), tolerated_failure_rate=1.0, max_parallel=1)
    batch.becomes("running", running=4)
    batch.signal("pause", "olga")
    told.open.set()
    batch.becomes("paused", running=0)
    batch.signal("resume", "olga")
    batch.result()
    assert batch.row.failed == 2
    again = batches.start(source={"failed_of": str(batch.row.uuid)}, strategy="child_per_chunk", group_by="tenant")
    told.well.add("never")
    assert again.result()["successful"] == 2
    assert [id.removeprefix(again.handle.id) for id in children_of(again)] == ["-tenant-zoo"]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([1, 2, 3], "No item has anything in the column 'tenant'"),
        ([{"tenant": n} for n in range(1_001)], "has more than 1,000 values"),
    ],
    ids=["none", "too many"],
)
def test_what_cannot_be_groups_is_said_and_nothing_is_begun(batches, items, said):
    result = start(batches, items).result()
    assert result["status"] == "invalid"
    assert said in result["errors"][0]


def test_items_without_a_value_are_a_group_of_their_own(batches, told):
    batch = start(batches, [*orders(), {"n": 9}])
    assert batch.result()["successful"] == 9
    assert f"{batch.handle.id}-tenant-none.3" in children_of(batch)


def test_children_that_go_on_after_their_batch_count_in_their_group(batches, told):
    told.open.clear()
    batch = start(batches, orders(bad="zoo"), tolerated_failure_rate=1.0, wait=False, parent_close_policy="abandon")
    assert batch.result()["status"] == "started"
    until(lambda: batch.row.item_groups.count() == 3)
    assert set(batch.row.item_groups.values_list("served", "failed", "state")) == {(0, 0, "running")}
    told.open.set()
    until(lambda: batch.row.closed_at, what="the last child has ended")
    kept = list(batch.row.item_groups.order_by("place").values_list("name", "served", "failed", "state"))
    assert kept == [("acme", 4, 0, "ended"), ("b&b", 2, 0, "ended"), ("zoo", 0, 2, "ended")]


def test_how_far_open_children_are_is_known_from_their_heartbeats(batches, told):
    told.permits = threading.Semaphore(5)
    items = [{"n": n, "tenant": "acme", "word": "never" if n == 0 else "fine"} for n in range(6)]
    batch = batches.start(
        items, strategy="child_per_chunk", group_by="tenant", chunk_size=2, tolerated_failure_rate=1.0
    )  # fmt: skip

    def known(children=evidence.CHILDREN):
        work = evidence.read(batch.handle.id, children).work
        return under_way(batch.told(), work.beats if work else None)

    batch.becomes("running", running=6)
    until(lambda: (known().ended, known().failed) == (5, 1), what="two chunks and half of the third")
    assert batch.told()["succeeded"] == 0
    assert known(children=0).ended == 0, "of too many it is not known"
    told.permits.release()
    assert batch.result()["successful"] == 5
