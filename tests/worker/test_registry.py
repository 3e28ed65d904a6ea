"""Actions take typed arguments: what fits is handed on, what does not is said in words."""

import math
from typing import Any

import pytest

from worker.registry import Callables, Missing, call, handler


@pytest.fixture
def actions():
    found = Callables(reserved=frozenset({"key", "request"}))

    @found.register("order", title="orders")
    def order(
        *,
        key: str,
        request: Any,
        vendor: str,
        quantity: int = 1,
        price: float = 0.5,
        rush: bool = False,
        lines: list[str] | None = None,
    ) -> None: ...

    return found


def check(actions, **args):
    return actions.find("order").check(args)


def test_arguments_that_fit_are_handed_on(actions):
    given = {"vendor": "Acme", "quantity": 3, "price": 2, "rush": True, "lines": ["a"]}
    assert check(actions, **given) == (given, [])
    assert isinstance(check(actions, **given)[0]["price"], float)


def test_texts_of_forms_are_read(actions):
    clean, errors = check(actions, vendor="Acme", quantity=" 12 ", price="1.5", rush="yes")
    assert (clean, errors) == ({"vendor": "Acme", "quantity": 12, "price": 1.5, "rush": True}, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("vendor", value) for value in (None, 5, [], {}, True)],
        *[("quantity", value) for value in (None, 1.5, "1.5", "x", "", True, [], "9" * 5_000)],
        *[("price", value) for value in (None, "x", "nan", "inf", "1e400", True, [], math.inf, math.nan, 10**400)],
        *[("rush", value) for value in (None, 1, "maybe", "")],
        *[("lines", value) for value in ("a", {}, 5)],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_argument_that_does_not_fit_is_named(actions, name, value):
    _clean, errors = check(actions, **{"vendor": "Acme", name: value})
    assert len(errors) == 1
    assert repr(name) in errors[0]
    assert len(errors[0]) < 300


def test_missing_and_unknown_arguments_are_named(actions):
    assert check(actions) == ({}, ["'order' needs the argument 'vendor'."])
    assert check(actions, vendor="Acme", colour="blue")[1] == ["'order' has no argument 'colour'."]


@pytest.mark.parametrize("name", ["key", "request"])
def test_what_is_reserved_is_nobodys_to_give(actions, name):
    assert check(actions, vendor="Acme", **{name: "mine"})[1] == [f"'order' has no argument {name!r}."]


@pytest.mark.parametrize("args", [None, "text", [1], 5])
def test_arguments_that_are_no_object_are_refused(actions, args):
    assert actions.find("order").check(args)[1]


def test_thousands_of_unknown_arguments_get_few_words(actions):
    errors = check(actions, vendor="Acme", **{f"unknown{number}": 1 for number in range(10_000)})[1]
    assert sum(map(len, errors)) < 10_000


def test_an_action_whose_arguments_nobody_could_give_is_refused_at_once():
    found = Callables(reserved=frozenset())
    with pytest.raises(TypeError):
        found.register("odd")(lambda *args: None)
    with pytest.raises(TypeError):
        found.register("odd")(lambda **more: None)

    def takes_bytes(*, data: bytes) -> None: ...

    with pytest.raises(TypeError):
        found.register("odd")(takes_bytes)


def test_a_name_is_given_once(actions):
    with pytest.raises(ValueError, match="registered already"):
        actions.register("order")(lambda: None)


def test_what_is_not_registered_is_missing_by_name():
    with pytest.raises(Missing, match=r"approvals\.nothing"):
        call("approvals.nothing")
    handler("tests.echo", lambda value: value)
    assert call("tests.echo", 5) == 5
