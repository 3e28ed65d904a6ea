"""A chunk whose job others can stand in for: who serves, what is kept of that, what burns a try and what does not."""

import json
from dataclasses import replace

import pytest

from batches.models import Failure
from tests.batches.test_chunks import failures, prepared, run
from worker.batch_wire import ChunkDone, FailedPlaces, FindFailed, RunChunk
from worker.chunks import calling, degraded, gathering, notes, returned
from worker.chunks import ending as ended_outside
from worker.chunks.running import ChunkRun

pytestmark = pytest.mark.django_db(transaction=True)

CACHE = {"name": "cached", "job": "cache", "timeout_seconds": 5, "attempts": 1}
POPULAR = {"name": "best sellers", "job": "popular", "timeout_seconds": 5, "attempts": 1}
FINE, DOWN = {}, {"charge": "raises"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(calling, "FIRST_PAUSE", 0.01)


def lines(batch):
    found = [json.loads(line) for part in notes.parts(batch) for line in part.read_text().splitlines()]
    return {line["number"]: (line["result"], line.get("rung")) for line in found}


def test_what_the_job_does_not_serve_the_next_rung_does_and_the_result_says_which(shop):
    batch = prepared([FINE, DOWN, DOWN | {"cache": "raises"}], "charge", fallbacks=[CACHE, POPULAR], item_attempts=2)
    assert run(batch) == ChunkDone(degraded=2, rungs={"cached": 1, "best sellers": 1})
    assert lines(batch) == {
        0: ({"by": "charge"}, None),
        1: ({"by": "cache"}, "cached"),
        2: ({"by": "popular"}, "best sellers"),
    }
    assert shop.calls["charge"] == 1 + 2 + 2, "each as often as the spec says"
    assert len(shop.keys) == 3, "whoever serves an item gets its key"


def test_when_all_fail_the_item_fails_with_all_the_reasons(shop):
    hangs = {**CACHE, "job_args": {"hangs": True}, "timeout_seconds": 0.1}
    batch = prepared([DOWN | {"popular": "never"}], "charge", fallbacks=[hangs, POPULAR], item_attempts=1)
    assert run(batch) == ChunkDone(failed=1)
    assert failures(batch) == {
        0: "charge: charge is down; cached: timed out after 0.1 s; best sellers: popular knows no such order"
    }


@pytest.mark.parametrize(("word", "tries"), [("never", 1), ("raises", 3)])
def test_a_rung_is_tried_as_often_as_it_may_unless_that_is_of_no_use(shop, word, tries, monkeypatch):
    monkeypatch.setattr("worker.chunks.rungs.LOOK", 2.0)
    batch = prepared([DOWN | {"cache": word}], "charge", fallbacks=[{**CACHE, "attempts": 3}], item_attempts=1)
    assert run(batch).failed == 1
    assert shop.calls["cache"] == tries


def test_what_was_done_and_cannot_be_kept_nobody_does_again(shop):
    batch = prepared([{"charge": "odd"}], "charge", fallbacks=[CACHE])
    assert run(batch).failed == 1
    assert shop.calls == {"charge": 1}


@pytest.mark.parametrize("word", ["exits", "odd"])
def test_a_rung_cannot_end_the_chunk(shop, word):
    batch = prepared([DOWN | {"cache": word}, FINE], "charge", fallbacks=[CACHE], item_attempts=1)
    assert run(batch).failed == 1
    assert lines(batch) == {0 + 1: ({"by": "charge"}, None)}


def test_a_quick_job_has_rungs_too(shop, told):
    batch = prepared([{"n": 0, "word": "raises"}, {"n": 1}], "told_quick", fallbacks=[CACHE], item_attempts=1)
    assert run(batch) == ChunkDone(degraded=1, rungs={"cached": 1})


def test_the_next_run_after_a_sudden_end_counts_each_rung_once(shop):
    batch = prepared([DOWN, DOWN], "charge", fallbacks=[CACHE], item_attempts=1)
    first = run(batch)
    assert run(batch) == first == ChunkDone(degraded=2, rungs={"cached": 2})
    assert shop.calls["cache"] == 2


# --- with a circuit -------------------------------------------------------------------------------------------------


def open_it(circuit):
    circuit.fails(5)
    circuit.knows("open")


def test_behind_an_open_circuit_the_rung_serves_at_once_and_the_circuit_counts_it(shop, circuit):
    open_it(circuit)
    batch = prepared([FINE, FINE], "charge", service=circuit.service, fallbacks=[CACHE])
    done = run(batch)
    assert (done.degraded, done.rungs, shop.calls) == (2, {"cached": 2}, {"cache": 2})
    assert circuit.guard.flush(30)
    assert circuit.told()["totals"]["fallback"] == {"cached": 2}


def test_past_the_circuit_nobody_asks_it(shop, circuit):
    batch = prepared([FINE], "charge", service=circuit.service, fallbacks=[CACHE | {"attempts": 1}])
    assert run(batch, past="5 failures in a row").rungs == {"cached": 1}
    batch = prepared([{"cache": "raises"}], "charge", service=circuit.service, fallbacks=[CACHE])
    run(batch, past="5 failures in a row")
    assert failures(batch) == {0: "charge: circuit open: 5 failures in a row; cached: cache is down"}
    assert shop.calls == {"cache": 2}


def test_what_fails_counts_at_the_circuit_until_that_opens_and_then_no_more(shop, circuit):
    shop.broken.add("charge")
    batch = prepared([FINE] * 30, "charge", service=circuit.service, fallbacks=[CACHE])
    assert run(batch).degraded == 30
    assert 5 <= shop.calls["charge"] < 20, "the lanes that were under way"
    circuit.becomes("open")


def test_a_rung_goes_through_a_circuit_of_its_own(shop, circuit, house, monkeypatch):
    open_it(circuit)
    behind = {**CACHE, "service": circuit.service}
    batch = prepared([DOWN], "charge", fallbacks=[behind, POPULAR], item_attempts=1)
    assert run(batch).rungs == {"best sellers": 1}
    assert shop.calls == {"charge": 1, "popular": 1}


def test_with_nobody_to_stand_in_what_the_circuit_refuses_is_held_and_no_try_is_burned(shop, circuit):
    open_it(circuit)
    batch = prepared([FINE] * 30, "charge", service=circuit.service, on_open="hold")
    done = run(batch)
    assert (done.failed, done.left, shop.calls) == (0, [[0, 30]], {})
    assert 0 < sum(end - start for start, end in done.held) <= 10, "the others are not even tried"
    assert done.held_reason == "5 failures in a row"
    assert done.held_until is not None
    assert not Failure.objects.exists()


def test_held_are_only_those_whom_no_rung_serves(shop, circuit):
    open_it(circuit)
    items = [{"cache": "never"} if number % 2 else FINE for number in range(20)]
    batch = prepared(items, "charge", service=circuit.service, on_open="hold", fallbacks=[CACHE])
    done = run(batch)
    assert (done.degraded, done.failed) == (10, 0)
    assert done.left == done.held == [[number, number + 1] for number in range(1, 20, 2)]


def test_refused_it_fails_at_once_where_that_was_chosen(shop, circuit):
    open_it(circuit)
    batch = prepared([FINE], "charge", service=circuit.service, on_open="fail", fallbacks=[CACHE])
    assert run(batch).failed == 1
    assert "lets no call through: 5 failures in a row" in failures(batch)[0]
    assert shop.calls == {}


def test_told_to_fail_none_of_its_items_is_run(shop):
    batch = prepared([FINE] * 3, "charge")
    assert run(batch, fail="It was held too long.").failed == 3
    assert set(failures(batch).values()) == {"It was held too long."}
    assert shop.calls == {}


# --- served better --------------------------------------------------------------------------------------------------


def test_run_again_for_a_better_result_the_job_alone_is_asked_and_what_fails_stays(shop):
    batch = prepared([DOWN, DOWN | {"n": 1}, FINE], "charge", fallbacks=[CACHE], item_attempts=1)
    run(batch)
    shop.calls.clear()
    again = run(batch, 2, only=[[0, 2]], redo="cached")
    assert again == ChunkDone(degraded=2), "so many stay as they were"
    assert shop.calls == {"charge": 2}
    assert not Failure.objects.exists()
    assert lines(batch)[0] == ({"by": "cache"}, "cached")


def test_of_an_item_that_was_served_better_the_better_result_alone_is_kept(shop):
    items = [DOWN | {"n": n} for n in range(4)]
    batch = prepared(items, "charge", fallbacks=[CACHE, POPULAR], item_attempts=1, chunk_size=2)
    find = FindFailed(batch, chunk_size=2)
    shop.broken.add("cache")
    for chunk in (0, 1):
        ChunkRun(RunChunk(batch, chunk, 1 + chunk, 2)).run()
        shop.broken.clear()
    whole = [FailedPlaces(0, [[0, 2]], "best sellers"), FailedPlaces(1, [[0, 2]], "cached")]
    assert degraded.find(find).chunks == whole
    assert degraded.find(replace(find, group="cached")).chunks == whole[1:]
    assert degraded.find(replace(find, under_way=[2])).chunks == whole[:1]
    assert degraded.find(replace(find, most=3)).chunks == [whole[0], FailedPlaces(1, [[0, 1]], "cached")]
    shop.mended = True
    again = RunChunk(batch, 0, 3, 2, only=[[0, 2]], redo="best sellers")
    assert ChunkRun(again).run() == ChunkDone()
    assert [number for number, _rung in degraded.numbers(batch)] == [2, 3]
    assert returned.of_item(batch, 0, 2)["result"] == {"by": "charge"}
    assert ended_outside.end(batch) == ended_outside.Counted(succeeded=2, degraded=2)
    gathering.gather(batch, lambda _number: None)
    lines = [json.loads(line) for line in returned.of_all(batch)]
    assert [(line["number"], line.get("rung")) for line in lines] == [
        (0, None),
        (1, None),
        (2, "cached"),
        (3, "cached"),
    ]
