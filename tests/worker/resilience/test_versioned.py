"""State that outlives its code: each earlier version's JSON is read, and what cannot be read is refused."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.circuit_state import STATES, CircuitState
from worker.resilience.history import DAY, HistoryBudget
from worker.resilience.versioned import UnreadableState, Versioned


@dataclass
class Item:
    at: float
    note: str | None = None


@dataclass
class Kept:
    count: int = 0
    items: list[Item] = field(default_factory=list)
    named: dict[str, Item] = field(default_factory=dict)


STATE = Versioned("kept", Kept, 2, {1: lambda old: {**old, "count": old.get("number", 0)}})
VERSION_1 = {"kind": "kept", "version": 1, "state": {"number": 3, "items": [{"at": 1}]}}
VERSION_2 = {"kind": "kept", "version": 2, "state": {"count": 3, "items": [{"at": 1.0, "note": None}], "named": {}}}


@pytest.mark.parametrize("kept", [VERSION_1, VERSION_2])
def test_each_earlier_version_is_read(kept: dict[str, Any]) -> None:
    assert STATE.load(kept) == Kept(3, [Item(1.0)])


def test_what_is_written_is_plain_json_and_comes_back_the_same() -> None:
    state = Kept(1, [Item(2.5, "x")], {"a": Item(3.0)})
    assert STATE.load(json.loads(json.dumps(STATE.dump(state)))) == state


def test_unknown_keys_are_ignored() -> None:
    assert STATE.load({"kind": "kept", "version": 2, "state": {"count": 1, "colour": "red"}}) == Kept(1)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"count": "3"}, "kept.count must be"),
        ({"count": True}, "kept.count must be"),
        ({"items": [{"at": 1.0}, {"at": "x"}]}, r"kept.items\[1\].at must be"),
        ({"items": [{}]}, r"kept.items\[0\].at is missing"),
        ({"named": []}, "kept.named must be an object"),
    ],
)
def test_a_wrong_type_is_refused_with_its_key(state: dict[str, Any], told: str) -> None:
    with pytest.raises(UnreadableState, match=told):
        STATE.load({"kind": "kept", "version": 2, "state": state})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**VERSION_2, "version": 3}, "version 3 of kept, and this worker reads up to 2"),
        ({**VERSION_2, "kind": "other"}, "state of 'other', not of kept"),
        ({**VERSION_2, "version": True}, "no version"),
        (None, "no state of kept"),
        ({"kind": "kept", "version": 2, "state": []}, "no state of kept"),
    ],
)
def test_what_is_not_ours_is_refused_in_a_sentence(given: Any, told: str) -> None:
    with pytest.raises(UnreadableState, match=told):
        STATE.load(given)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"suggested": True}, "Temporal suggests it"),
        ({"events": 1_000}, "1,000 signals and updates"),
        ({"length": 4_000}, "a history of 4,000 events"),
        ({"now": 7 * DAY}, "7 days"),
    ],
)
def test_a_run_ends_by_what_it_handled_its_length_its_age_or_the_servers_word(
    changed: dict[str, Any], why: str
) -> None:
    room: dict[str, Any] = {"events": 999, "started_at": 0.0, "now": 7 * DAY - 1, "length": 3_999, "suggested": False}
    assert HistoryBudget().spent(**{**room, **changed}) == why


def test_an_upgrade_that_stumbles_over_rubbish_is_a_state_that_cannot_be_read():
    carried = Versioned("circuit", dict, version=2, upgrades={1: lambda state: {"new": state["old"]}})
    with pytest.raises(UnreadableState, match="version 1, is damaged"):
        carried.load({"kind": "circuit", "version": 1, "state": {}})


# --- whatever comes ---------------------------------------------------------------------------------------------

states = some.builds(
    CircuitState, state=some.sampled_from(STATES), clock=some.floats(0, 2e9), failure_count=some.integers(0, 99)
)
rubbish = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(states)
def test_a_whole_state_comes_back_from_json_as_it_was(state):
    kept = Versioned("circuit", CircuitState, version=1)
    assert kept.load(json.loads(json.dumps(kept.dump(state)))) == state


@given(rubbish, some.sampled_from(["", "state", "version", "kind"]))
def test_rubbish_is_refused_in_a_sentence_and_never_half_read(given, place):
    kept = Versioned("circuit", CircuitState, version=1)
    whole = {**kept.dump(CircuitState()), place: given} if place else given
    with suppress(UnreadableState):
        assert isinstance(kept.load(whole), CircuitState)


@given(
    some.builds(HistoryBudget, some.integers(1, 99), some.floats(1, 1e6), some.integers(1, 9_999)),
    some.integers(0, 99), some.floats(0, 1e6), some.integers(0, 9_999), some.booleans(),
)  # fmt: skip
def test_a_new_run_is_due_exactly_where_one_of_its_limits_is_reached(budget, events, age, length, suggested):
    why = budget.spent(events=events, started_at=0.0, now=age, length=length, suggested=suggested)
    assert bool(why) == (suggested or events >= budget.events or length >= budget.length or age >= budget.seconds)
