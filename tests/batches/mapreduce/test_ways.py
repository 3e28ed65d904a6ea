"""A MapReduce through a real Temporal server and a real worker: each way it may go, and what it returns."""

import json
from pathlib import Path

import pytest

from audit.models import Entry
from tests.batches.mapreduce.conftest import items
from tests.temporal import patience_of, until
from worker import batch_state
from worker.mapreduce import partials
from worker.resilience.fallback import NotAgain
from worker.resilience.history import HistoryBudget


def test_numbers_are_added_up_and_averaged_and_the_value_alone_is_returned(mapreduces):
    given = [{"value": n} for n in range(25)]
    one = mapreduces.start_given(given, "map_values", "reduce_values", 10, 2)
    assert one.result() == {"total": 300, "count": 25, "average": 12.0}
    row = one.row
    assert (row.kind, row.job, row.state, row.total, row.succeeded) == ("mapreduce", "map_values", "completed", 25, 25)
    assert row.result["value"] == one.result()
    assert f"batch-{row.uuid}" == one.handle.id
    kinds = Entry.objects.filter(stream=row.stream).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["batch.begun", "batch.reducing", "batch.closed"]


def test_a_map_may_take_5_minutes_and_a_reduce_10_three_times(mapreduces, house):
    one = mapreduces.start(items(3))
    one.result()
    patience = patience_of(house.run(one.handle.fetch_history()).events)
    assert [patience[name][::2] for name in ("map_chunk", "reduce_group")] == [(300, 3), (600, 3)]


def test_without_more_than_the_three_arguments_it_takes_the_defaults_of_the_contract(mapreduces):
    one = mapreduces.start_given([{"value": 1.5}, {"value": 2}], "map_values", "reduce_values")
    assert one.result() == {"total": 3.5, "count": 2, "average": 1.75}
    assert (one.row.spec["chunk_size"], one.row.spec["max_parallel"]) == (100, 10)


@pytest.mark.parametrize("name", ["list", "items", "file"])
def test_of_nothing_the_average_is_0(mapreduces, upload, name):
    given = {"list": [], "items": {"items": []}, "file": {"uri": upload("value\n")}}[name]
    assert mapreduces.start_given(given, "map_values", "reduce_values").result() == {
        "total": 0,
        "count": 0,
        "average": 0,
    }


def test_partial_results_are_reduced_as_a_tree_in_the_order_of_the_data(mapreduces, mind, upload):
    lines = "".join(json.dumps(item) + "\n" for item in items(95))
    one = mapreduces.start({"uri": upload(lines), "format": "jsonl"}, fan_in=3)
    assert one.result() == {"numbers": list(range(95)), "size": ""}
    assert sorted(mind.reduced) == [1, 1, 2, 3, 3, 3, 3]  # ten parts: 3 3 3 1, then 3 1, then 2
    told = one.row.told["reducing"]
    assert (told["level"], told["levels"], told["over"]) == (3, 3, True)
    assert not partials.folder_of(str(one.row.uuid)).exists()


def test_a_map_that_raises_for_some_items_loses_those_alone(mapreduces, mind):
    one = mapreduces.start(items(40, _3="raises", _17="raises"), tolerated_failure_rate=0.1)
    assert one.result()["numbers"] == [n for n in range(40) if n not in (3, 17)]
    row = one.row
    assert (row.state, row.succeeded, row.failed) == ("completed", 38, 2)
    assert one.failures() == [(str(n + 1), f"order {n} of 'somebody' was refused") for n in (3, 17)]
    assert one.groups() == {"order ‹n› of ‹…› was refused": 2}
    assert mind.mapped[json.dumps(list(range(10)))] == 3, "all together three times, then apart"


def test_above_its_tolerance_it_fails_and_says_so(mapreduces):
    one = mapreduces.start(items(40, **{f"_{n}": "never" for n in range(12)}))
    result = one.result()
    assert (result["status"], one.row.state) == ("failed", "failed")
    assert result["successful"] + result["failed"] + result["not_run"] == result["total"] == 40
    assert "of 40 items failed; 10 % would be tolerated" in result["reason"]
    assert result["failed_items"][0] == {"item": "1", "error": "there is no such order"}
    assert "value" not in result


def test_failed_items_that_are_run_again_are_in_the_result(mapreduces, mind):
    one = mapreduces.start(items(40, **{f"_{n}": "never" for n in range(10)}), on_tolerance="pause", colour="red")
    told = one.becomes("paused")
    assert told["problems"]["last"] == "The key 'colour' is not known and was ignored."
    mind.well.add("never")
    one.signal("retry_failed", "olga")
    one.signal("resume", "olga")
    assert sorted(one.result()["numbers"]) == list(range(40))
    assert (one.row.succeeded, one.row.failed, one.failures()) == (40, 0, [])


def test_a_map_may_return_5_mb_and_a_large_result_is_returned_by_reference(mapreduces, house):
    given = [{**item, "size": 2_500_000} for item in items(4)]
    one = mapreduces.start(given, "told_map", "told_reduce", 2, 2)
    result = one.result()
    assert result["status"] == "completed"
    refers = result["results"]
    content = Path(refers["uri"].removeprefix("file://")).read_bytes()
    assert (refers["format"], refers["size"]) == ("json", len(content))
    assert json.loads(content)["size"] == "x" * 10_000_000
    assert _largest_payload(house, one) < 64_000


def _largest_payload(house, one):
    history = json.loads(house.run(one.handle.fetch_history()).to_json())
    return max(len(json.dumps(event)) for event in history["events"])


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("odd", "What it returned cannot be kept as JSON: "),
        ("exits", "SystemExit: 3"),
    ],
)
def test_what_a_map_returns_or_raises_that_is_odd_fails_its_items(mapreduces, mind, word, says):
    one = mapreduces.start(items(20, _5=word), tolerated_failure_rate=1)
    one.result()
    assert {error[: len(says)] for _key, error in one.failures()} == {says}
    assert one.row.failed == (10 if word == "odd" else 1)


def test_an_async_map_is_called_too(mapreduces):
    assert mapreduces.start(items(25), "told_map_async").result()["numbers"] == list(range(25))


def test_a_reduce_that_raises_ends_it_with_the_cause_and_its_partial_results_are_kept(mapreduces, mind):
    mind.reduce_raises = ValueError("these do not go together")
    one = mapreduces.start(items(20))
    result = one.result()
    assert (result["status"], result["successful"]) == ("failed", 20)
    assert result["reason"] == "The reduce told_reduce failed, level 1 of 1: these do not go together"
    assert len(mind.reduced) == 3
    assert len(list(partials.words(str(one.row.uuid)))) == 2


def test_a_reduce_that_raises_waits_for_somebody_where_that_was_ordered_and_goes_on(mapreduces, mind):
    mind.reduce_raises = NotAgain("no rates for today")
    one = mapreduces.start(items(20), on_tolerance="pause")
    told = one.becomes("paused")
    assert "no rates for today" in told["paused_reason"]
    assert len(mind.reduced) == 1
    mind.reduce_raises = None
    one.signal("resume", "olga", "the rates are there")
    assert one.result()["numbers"] == list(range(20))


def test_while_it_reduces_it_can_be_paused_and_cancelled_but_no_item_be_mapped_again(mapreduces, mind):
    mind.reduces_open.clear()
    one = mapreduces.start(items(20, _3="never"), fan_in=2)
    until(lambda: one.told()["phase"] == "reduce")
    one.signal("retry_failed", "olga", "", 0, "", "1")
    one.signal("pause", "olga", "a look", "2")
    assert one.told()["state"] == "pausing"
    mind.reduces_open.set()
    one.becomes("paused")
    one.signal("cancel", "olga", "the wrong file")
    result = one.result()
    assert (result["status"], result["reason"], result["successful"]) == ("cancelled", "the wrong file", 19)
    refused = one.row.events.get(kind="refused")
    assert (refused.cause, refused.order) == ("reducing", "1")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([[1], "no_such", "reduce_values"], "There is no map 'no_such'. There are: map_values, told_map"),
        ([[1], "map_values", "no_such"], "There is no reduce 'no_such'. There are: reduce_values, told_reduce"),
        ([[1], "map_values", "reduce_values", 0], "chunk_size must be a whole number from 1 to 10,000."),
        ([{"uri": "file:///nowhere/x.csv"}, "map_values", "reduce_values"], "/nowhere/x.csv is not below a folder"),
        (["rubbish", "map_values", "reduce_values"], "dataset must be a list of items, or an object"),
        ([], "dataset must be a list of items, or an object"),
    ],
    ids=["map", "reduce", "chunk_size", "folder", "dataset", "nothing"],
)
def test_what_does_not_validate_is_refused_in_words(mapreduces, args, says):
    one = mapreduces.start_given(*args)
    result = one.result()
    assert result["status"] == "invalid"
    assert any(error.startswith(says) for error in result["errors"]), result
    assert one.row.state == "invalid"


def test_cancelled_in_temporal_it_says_what_was_mapped(mapreduces, mind, house):
    mind.open.clear()
    one = mapreduces.start(items(40), "told_map", "told_reduce", 10, 1)
    until(lambda: mind.mapped)
    house.run(one.handle.cancel())
    until(lambda: one.told()["state"] == "stopping")
    mind.open.set()
    result = one.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 10, 30)


def test_it_goes_on_in_new_runs_while_it_maps_and_while_it_reduces(mapreduces, mind, monkeypatch):
    monkeypatch.setattr(batch_state, "BUDGET", HistoryBudget(length=40))
    one = mapreduces.start(items(60), "told_map", "told_reduce", 3, 2, fan_in=2)
    assert one.result()["numbers"] == list(range(60))
    assert one.row.told["runs"] >= 4
    assert (mind.mapped.total(), len(mind.reduced)) == (20, 10 + 5 + 3 + 2 + 1)
