"""A MapReduce on the pages of batches: as it runs, when it has ended, and item by item."""

import html
import json
import re

import pytest
from django.urls import reverse

from batches.levels import levels
from tests.batches.mapreduce.conftest import items
from tests.batches.pages.conftest import alive  # noqa: F401  (a fixture: found by its name here)
from tests.temporal import until


@pytest.fixture(autouse=True)
def _alive(alive):  # noqa: F811
    """Its workflow is asked."""


def text(answer):
    """As people read it; a file has none."""
    if answer.streaming:
        return ""
    words = " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())
    return html.unescape(re.sub(r" ([,.:])(?= |$)", r"\1", words))


@pytest.fixture
def page(client, olga):
    client.force_login(olga)

    def of(row, *address, **query):
        answer = client.get(reverse(*address, args=[row.uuid]) if address else row.get_absolute_url(), query)
        return answer, text(answer)

    return of


def test_one_that_has_completed_shows_its_value_and_gives_it_out(mapreduces, page):
    one = mapreduces.start_given([{"value": n} for n in range(25)], "map_values", "reduce_values", 10, 2)
    one.result()
    _answer, said = page(one.row)
    assert "MapReduce map_values, reduce_values" in said
    assert '"average": 12.0' in said
    assert "3 of each map, 5 minutes at most each" in said
    assert "Map map_values Done 25 of 25 items Reduce 1 of 1 reduce_values Done 1 of 1 reduce" in said
    assert "All mapped: it reduces" in said
    assert "Start again" in said
    answer, _said = page(one.row, "batches:result")
    assert json.loads(b"".join(answer.streaming_content)) == {"total": 300, "count": 25, "average": 12.0}


def test_while_it_reduces_its_page_and_the_list_say_so(mapreduces, mind, page, client):
    mind.reduces_open.clear()
    one = mapreduces.start(items(40, _3="never"), fan_in=2)
    until(lambda: one.told()["phase"] == "reduce")
    until(lambda: one.row.told.get("phase") == "reduce")
    _answer, said = page(one.row)
    assert "Reduce 1 of 2 told_reduce Now 0 of 2 reduces Reduce 2 of 2 Ahead 0 of 1 reduce" in said
    assert "it is mapped, and reduces" in said
    assert "level 1 of 2, 0 of 2 reduces are done, 2 run" in said
    assert "Pause" in said
    assert "Run failed again" not in said, "what has failed is not mapped again now"
    listed = text(client.get(reverse("batches:index")))
    assert f"{one.row.reference} · MapReduce" in listed
    assert "reduce 1 of 2" in listed
    mind.reduces_open.set()
    one.result()


def test_an_item_is_found_and_what_was_never_mapped_is_given_out(mapreduces, mind, page, house):
    mind.open.clear()
    one = mapreduces.start(items(40, _3="never"), "told_map", "told_reduce", 10, 1, tolerated_failure_rate=1)
    until(lambda: mind.mapped)
    one.signal("cancel", "olga", "the wrong file")
    until(lambda: one.told()["state"] == "stopping")
    mind.open.set()
    one.result()
    row = one.row
    done = row.succeeded
    assert (row.succeeded + row.failed + row.pending, row.state) == (40, "cancelled")
    outcomes = {key: page(row, "batches:item", key=key)[1] for key in ("4", "40")}
    assert "there is no such order" in outcomes["4"] if row.failed else "ended before its turn" in outcomes["4"]
    assert "The batch ended before its turn came." in outcomes["40"]
    answer, _said = page(row, "batches:not-run")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == row.pending == 40 - done - row.failed


def test_one_that_paused_because_its_reduce_failed_says_what_to_do(mapreduces, mind, page):
    mind.reduce_raises = ValueError("no rates for today")
    one = mapreduces.start(items(20), on_tolerance="pause")
    one.becomes("paused")
    until(lambda: one.row.state == "paused")
    _answer, said = page(one.row)
    assert "Paused: “ The reduce told_reduce failed, level 1 of 1: no rates for today ”" in said
    assert "Resume" in said


@pytest.mark.parametrize(
    ("tree", "states"),
    [
        ({"level": 0, "done": 0, "over": False}, ["ahead", "ahead"]),
        ({"level": 1, "done": 3, "over": False}, ["now", "ahead"]),
        ({"level": 2, "done": 0, "over": False}, ["done", "now"]),
        ({"level": 2, "done": 1, "over": True}, ["done", "done"]),
    ],
)
def test_each_level_is_ahead_now_or_done(tree, states):
    found = levels({"reducing": {"levels": 2, "fan_in": 4, **tree}}, {"chunks": 16})
    assert [each.state for each in found] == states
    assert [each.groups for each in found] == [4, 1]
