"""The spec of a batch, read from whatever a program may send: a sentence for each thing that is wrong."""

import pytest

from worker.batch_contract import read_limits, read_sample, read_spec
from worker.resilience.pace import Limit

GOOD = {"title": "Orders", "job": "echo", "source": {"items": [1, 2]}}


def errors(**more):
    return " ".join(read_spec({**GOOD, **more}).errors)


def test_what_is_left_out_takes_the_contracts_defaults():
    spec = read_spec(GOOD).spec
    assert (spec.chunk_size, spec.max_parallel, spec.item_attempts) == (100, 10, 3)
    assert (spec.item_timeout_seconds, spec.chunk_timeout_seconds) == (30, 300)
    assert (spec.window, spec.tolerated_failure_rate, spec.on_tolerance, spec.pace) == ("sliding", 0.10, "fail", [])


@pytest.mark.parametrize("given", [None, 3, "x", [], object(), True])
def test_what_is_no_object_is_told_so(given):
    read = read_spec(given)
    assert read.spec is None
    assert read.errors == ("spec must be an object with title, job and source.",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"title": ""}, "title must be a text."),
        ({"job": None}, "job must be a text."),
        ({"chunk_size": 0}, "chunk_size must be a whole number from 1 to 10,000."),
        ({"chunk_size": 1_000_000}, "chunk_size must be a whole number from 1 to 10,000."),
        ({"chunk_size": True}, "chunk_size must be a whole number"),
        ({"max_parallel": 501}, "max_parallel must be a whole number from 1 to 500."),
        ({"item_timeout_seconds": "soon"}, "item_timeout_seconds must be a number"),
        ({"pace": {"kind": "token_bucket", "limit": 0, "per_seconds": 1}}, "pace: limit must be a whole number from 1"),
        ({"pace": 0}, "pace must be an object with kind, limit and per_seconds, a list of them, or null."),
        (
            {"pace": {"kind": "leaky", "limit": 1, "per_seconds": 1}},
            "pace: kind must be token_bucket or sliding_window",
        ),
        ({"pace": {"kind": "token_bucket"}}, "pace: limit and per_seconds are needed."),
        ({"pace": [{}] * 6}, "pace must be at most 5 limits."),
        ({"tolerated_failure_rate": 7}, "tolerated_failure_rate must be a number from 0 to 1."),
        ({"on_tolerance": "shrug"}, "on_tolerance must be fail or pause."),
        ({"window": []}, "window must be sliding or rolling."),
        ({"strategy": "child"}, "strategy must be activities or child_per_chunk or child_per_item."),
        ({"strategy": []}, "strategy must be activities or"),
        ({"parent_close_policy": "abandon"}, "is about children, and strategy activities has none."),
        ({"strategy": "child_per_item", "parent_close_policy": 7}, "parent_close_policy must be terminate or"),
        ({"strategy": "child_per_item", "child_attempts": 0}, "child_attempts must be a whole number from 1 to 100."),
        ({"wait": "no"}, "wait must be true or false."),
        ({"wait": False, "parent_close_policy": "abandon"}, "wait can be false only where children do the work"),
        ({"wait": False, "strategy": "child_per_chunk"}, "wait can be false only with parent_close_policy abandon"),
        ({"service": 3}, "service must be a text"),
        ({"job_args": [1]}, "job_args must be a JSON object"),
        ({"source": None}, "source must be an object with one of uri, items and failed_of."),
        ({"source": {}}, "source must be an object with one of"),
        ({"source": {"uri": "file:///x", "items": [1]}}, "source must be an object with one of"),
        ({"source": {"items": [1], "group": "x"}}, "source: group goes with failed_of only."),
        ({"source": {"items": []}}, "source: items must be a list of 1 to 10,000"),
        ({"source": {"items": [0] * 10_001}}, "put more into a file"),
        ({"source": {"items": ["x" * 1_000_001]}}, "take more than 1,000,000 characters"),
        ({"source": {"uri": 3}}, "source: uri must be a text"),
        ({"source": {"uri": "file:///x", "format": "xml"}}, "source: format must be csv or jsonl."),
        ({"source": {"uri": "file:///x", "sha256": "abc"}}, "source: sha256 must be 64 hexadecimal digits."),
        ({"source": {"uri": "file:///x", "size": -1}}, "source: size must be a whole number"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_begun(more, said):
    assert said in errors(**more)
    assert read_spec({**GOOD, **more}).spec is None


def test_everything_that_is_wrong_is_said_at_once():
    assert len(read_spec({"chunk_size": 0, "max_parallel": 0}).errors) == 5


def test_keys_that_mean_nothing_are_named_and_ignored():
    read = read_spec({**GOOD, "colour": "red", "service": None, "fallbacks": [], "wait": True})
    assert read.spec is not None
    assert read.warnings == ("The key 'colour' is not known and was ignored.",)


def test_several_limits_may_hold_at_once():
    minute, day = (
        {"kind": "token_bucket", "limit": 100, "per_seconds": 60},
        {"kind": "sliding_window", "limit": 9, "per_seconds": 86_400},
    )
    assert read_spec({**GOOD, "pace": [minute, day]}).spec.pace == [
        Limit("token_bucket", 100, 60.0),
        Limit("sliding_window", 9, 86_400.0),
    ]


@pytest.mark.parametrize("given", [None, 3, "x", [], {}, {"max_parallel": 0}, {"pace": 3}, {"max_parallel": True}])
def test_limits_that_make_no_sense_are_none(given):
    limits, said = read_limits(given)
    assert limits is None
    assert said


def test_a_limit_that_is_left_out_stays_and_a_pace_of_null_is_none():
    assert read_limits({"max_parallel": 3})[0].pace is None
    assert read_limits({"pace": None})[0].pace == []


def test_a_sample_is_a_number_of_items():
    assert read_sample(20) == (20, [])
    assert read_sample(None) == (0, [])
    assert read_sample(-1)[1]
    assert read_sample({"rubbish": 1})[1]
