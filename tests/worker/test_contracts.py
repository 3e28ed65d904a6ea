"""Whatever JSON can say is read without an exception, and what does not fit is named in words."""

import json
import time

import pytest

from worker import reading
from worker.contracts import parse_request
from worker.reading import MAX_OBJECT, clean_json

GOOD = {"title": "Laptops", "amount": 100}


def errors(*args, **given):
    return parse_request({**GOOD, **given}, *args).errors


def deep(levels):
    value = "bottom"
    for _ in range(levels):
        value = {"in": value}
    return value


def test_a_good_request_is_read_as_it_was_meant():
    given = {
        "title": " Laptops ",
        "amount": 12.5,
        "currency": "usd",
        "requester": "rita",
        "kind": "it",
        "details": {"for": "Büro", "number": 3, "new": True},
        "action": {"name": "record", "args": {"text": "bought"}},
        "levels": ["manager", "ceo"],
        "level_timeout_seconds": 60,
    }
    parsed = parse_request(given)
    assert (parsed.errors, parsed.warnings) == ([], [])
    request = parsed.request
    assert (request.title, request.amount, request.currency, request.kind) == ("Laptops", 12.5, "USD", "it")
    assert request.details == {"for": "Büro", "number": 3, "new": True}
    assert request.action == {"name": "record", "args": {"text": "bought"}}
    assert (request.levels, request.level_timeout_seconds) == (["manager", "ceo"], 60.0)


@pytest.mark.parametrize(
    "amount",
    [
        json.loads("1e400"),
        json.loads("NaN"),
        json.loads("-Infinity"),
        -5,
        -0.01,
        True,
        "5",
        "1.000,50",
        "",
        [],
        {},
        1e12,
        10**400,
        10**40,
        -(10**400),
    ],
    ids=repr,
)
def test_an_amount_that_is_none_does_not_validate(amount):
    (error,) = parse_request(GOOD, amount).errors if amount is not None else [""]
    assert error.startswith("amount")
    assert parse_request({**GOOD, "amount": amount}).errors == [error]


def test_a_missing_amount_does_not_validate_where_one_is_needed():
    assert parse_request({"title": "Laptops"}).errors == ["amount is missing."]
    assert parse_request({"title": "Laptops", "amount": None}, None).errors == ["amount is missing."]
    assert parse_request({"title": "Laptops"}, amount_needed=False).errors == []
    assert parse_request({"title": "Laptops", "amount": "x"}, amount_needed=False).errors != []


def test_the_second_argument_is_the_amount_that_counts():
    assert parse_request({"title": "Laptops", "amount": 5}, 7).request.amount == 7.0
    assert parse_request({"title": "Laptops"}, 0).request.amount == 0.0


@pytest.mark.parametrize("given", [None, "a text", 7, True, [], [GOOD], 1e400, b"bytes"], ids=repr)
def test_a_request_that_is_no_object_does_not_validate(given):
    assert parse_request(given).errors == ["request must be an object with at least a title."]


@pytest.mark.parametrize(
    "title", [None, "", "   ", "\n\t", 5, ["a"], {}, "x" * 10_000, "a\x00b", "\ud800", True], ids=lambda v: repr(v)[:20]
)
def test_a_title_that_is_none_does_not_validate(title):
    assert [error for error in errors(title=title) if error.startswith("title")]


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "\u202eevil", "名前", "a'b\"c", "x" * 200])
def test_a_strange_title_is_kept_as_it_is(title):
    assert parse_request({**GOOD, "title": title}).request.title == title


@pytest.mark.parametrize("currency", ["EURO", "E", "€", "12A", 5, ["EUR"], "ÄÖÜ", "x" * 1_000], ids=repr)
def test_a_currency_that_is_none_does_not_validate(currency):
    assert errors(currency=currency)[0].startswith("currency")


@pytest.mark.parametrize(
    "levels", [[], "manager", {"manager": 1}, [1], [None], [""], ["a", "a"], ["a"] * 50, ["x" * 51], 0, False, [["a"]]]
)
def test_levels_that_are_none_do_not_validate(levels):
    assert errors(levels=levels)[0].startswith("levels")


def test_a_level_is_not_smuggled_in_twice_by_characters_that_are_taken_out():
    assert errors(levels=["manager", "manager\x00"])


@pytest.mark.parametrize("seconds", [0, -1, "60", True, json.loads("1e400"), 1e300, [], json.loads("NaN")], ids=repr)
def test_a_deadline_that_is_none_does_not_validate(seconds):
    assert errors(level_timeout_seconds=seconds)
    assert errors(timeout_seconds=seconds)


@pytest.mark.parametrize(
    "action",
    ["record", [], {}, {"name": ""}, {"name": 5}, {"args": {}}, {"name": "x" * 101}]
    + [{"name": "record", "args": args} for args in ("text", [1], 5, deep(30), {"text": "x" * (MAX_OBJECT + 1)})],
    ids=lambda v: repr(v)[:40],
)
def test_an_action_that_is_none_does_not_validate(action):
    assert errors(action=action)[0].startswith("action")


def test_an_action_without_arguments_is_one():
    for action in ({"name": "record"}, {"name": "record", "args": None}, {"name": "record", "args": {}}):
        assert parse_request({**GOOD, "action": action}).request.action == {"name": "record", "args": {}}


@pytest.mark.parametrize(
    "details",
    [
        "text",
        [],
        5,
        True,
        deep(30),
        {"x": "y" * (MAX_OBJECT + 1)},
        {str(n): n for n in range(1_000)},
        {"x": [0] * 10**6},
    ],
    ids=lambda v: repr(v)[:40],
)
def test_details_that_are_too_much_do_not_validate(details):
    assert errors(details=details)[0].startswith("details")


def test_nesting_that_no_reader_takes_is_an_error_and_no_exception():
    parsed = parse_request({**GOOD, "details": deep(900), "action": {"name": "record", "args": deep(900)}})
    assert len(parsed.errors) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"title": "x" * 1_900_000},
        {**GOOD, "details": {"x": "\x00" * 1_900_000}},
        {**GOOD, "details": {"x": [0] * 900_000}},
        {**GOOD, "details": {"x": [[]] * 600_000}},
        {**GOOD, "levels": ["x"] * 400_000},
        {**GOOD, "action": {"name": "record", "args": {"x": [0] * 900_000}}},
        {str(number): 0 for number in range(150_000)},
    ],
    ids=["title", "NULs", "numbers", "lists", "levels", "args", "keys"],
)
def test_the_largest_payload_is_read_in_much_less_than_the_two_seconds_that_a_workflow_has(given):
    before = time.process_time()
    parsed = parse_request(given)
    assert time.process_time() - before < 0.7
    assert parsed.errors
    assert len(json.dumps([parsed.errors, parsed.warnings])) < 10_000


@pytest.mark.parametrize("letter", ["x", "ä", "\U0001f4a9", '"', "\x01"], ids=ascii)
def test_what_validates_fits_a_payload_however_it_is_written_down(letter):
    """As JSON one letter may take twelve bytes, and Temporal ends a workflow that schedules more than 2 MB."""
    for size in (5_000, 8_000, 16_000, 49_000, 99_000):
        parsed = parse_request(
            {**GOOD, "details": {"x": letter * size}, "action": {"name": "record", "args": {"text": letter * size}}}
        )
        assert parsed.errors or len(json.dumps(vars(parsed.request))) < 500_000
        assert size > 5_000 or not parsed.errors


def test_unknown_keys_are_ignored_and_named():
    parsed = parse_request({**GOOD, "colour": "blue", "Amount": 7})
    assert parsed.errors == []
    assert ["colour" in parsed.warnings[0], "Amount" in parsed.warnings[1]] == [True, True]


def test_values_become_what_every_database_and_reader_takes():
    given = {
        "a\x00": "b\x00\ud800",
        "inf": json.loads("1e999"),
        "big": 10**30,
        "huge": 10**400,
        "ok": [1, 1.5, None, True],
    }
    assert clean_json({**given, "ok": [1, 1.5, None, True]}) == {
        "a": "b",
        "inf": "inf",
        "big": "1" + "0" * 30,
        "huge": "a very large number",
        "ok": [1, 1.5, None, True],
    }


@pytest.mark.parametrize(
    "value",
    [5, True, ["a"], {"a": "\x00"}, deep(30), deep(900), 10**400, b"bytes", [0] * 900_000],
    ids=lambda v: repr(v)[:20],
)
def test_a_signals_argument_that_is_no_text_is_kept_readable_and_known_as_odd(value):
    before = time.process_time()
    text, fits = reading.claim_text(value, 200)
    assert time.process_time() - before < 0.7
    assert not fits
    assert 0 < len(text) <= 200
    text.encode()
    assert "\x00" not in text


def test_a_signals_text_is_cut_and_cleaned():
    assert reading.claim_text("a\x00b\ud800c") == ("abc", True)
    assert reading.claim_text(None) == ("", True)
    assert reading.claim_text("x" * 1_900_000, 50) == ("x" * 50, True)
