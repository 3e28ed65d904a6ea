"""State that outlives the code that wrote it: written with its version, read from any earlier one, or not. Pure.

A new version of a dataclass gets ``version + 1`` and an upgrade from the one before; a test keeps one JSON of each.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from .numbers import as_number

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


class UnreadableState(ValueError):
    """This state cannot be read here; the message says why, and what now."""


class Versioned(Generic[T]):
    """How one kind of state is written and read. ``upgrades[n]`` makes a state of version n one of version n + 1."""

    def __init__(self, name: str, kind: type[T], version: int, upgrades: Mapping[int, Upgrade] | None = None) -> None:
        self.name, self.kind, self.version = name, kind, version
        self.upgrades = dict(upgrades or {})
        if missing := [number for number in range(1, version) if number not in self.upgrades]:
            raise ValueError(f"{name} cannot be read from version {missing[0]}: there is no upgrade from it.")

    def dump(self, state: T) -> dict[str, Any]:
        """Plain JSON."""
        return {"kind": self.name, "version": self.version, "state": asdict(state)}  # type: ignore[call-overload]

    def load(self, given: Any) -> T:
        """From what any earlier version has written. Unknown keys are ignored, missing ones take their defaults."""
        version, state = self._opened(given)
        for number in range(version, self.version):
            state = self._upgraded(state, number)
        return typing.cast(T, _dataclass(self.kind, state, self.name))

    def _upgraded(self, state: dict[str, Any], number: int) -> dict[str, Any]:
        """An upgrade may meet rubbish: whatever it stumbles over, the state cannot be read."""
        try:
            return self.upgrades[number](state)
        except Exception as error:
            raise UnreadableState(f"This state of {self.name}, version {number}, is damaged: {error!r:.200}") from error

    def _opened(self, given: Any) -> tuple[int, dict[str, Any]]:
        if not isinstance(given, Mapping) or not isinstance(given.get("state"), Mapping):
            raise UnreadableState(f"This is no state of {self.name}: it is not an object with kind, version and state.")
        if given.get("kind") != self.name:
            raise UnreadableState(f"This is a state of {given.get('kind')!r:.80}, not of {self.name}.")
        version = given.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise UnreadableState(f"This state of {self.name} has no version that is a number from 1 on.")
        if version > self.version:
            raise UnreadableState(
                f"This state was written by version {version} of {self.name}, and this worker reads up to "
                f"{self.version}: start a worker that is new enough, and end this one."
            )
        return version, dict(given["state"])


# --- by the types of a dataclass ----------------------------------------------------------------------------------


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _dataclass(kind: type[Any], given: Any, where: str) -> Any:
    if not isinstance(given, Mapping):
        raise UnreadableState(f"{where} must be an object.")
    hints, values = _hints(typing.cast(typing.Hashable, kind)), {}
    for each in fields(kind):
        if each.name in given:
            values[each.name] = _value(hints[each.name], given[each.name], f"{where}.{each.name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise UnreadableState(f"{where}.{each.name} is missing.")
    return kind(**values)


def _value(hint: Any, given: Any, where: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return given
    if origin in (types.UnionType, typing.Union):
        if given is None and type(None) in inner:
            return None
        return _value(next(part for part in inner if part is not type(None)), given, where)
    if is_dataclass(hint):
        return _dataclass(typing.cast(type[Any], hint), given, where)
    if origin is list:
        return [_value(inner[0], each, f"{where}[{n}]") for n, each in enumerate(_of(list, given, where))]
    if origin is dict:
        return {str(key): _value(inner[1], each, f"{where}.{key}") for key, each in _of(dict, given, where).items()}
    return _plain(hint, given, where)


def _of(kind: type[Any], given: Any, where: str) -> Any:
    if not isinstance(given, kind):
        raise UnreadableState(f"{where} must be {'a list' if kind is list else 'an object'}.")
    return given


def _plain(hint: Any, given: Any, where: str) -> Any:
    """A bool is no number, nor is infinity; a whole number is a float too, for JSON may have dropped its ``.0``."""
    if hint is float and (number := as_number(given)) is not None:
        return number
    if hint is float or not isinstance(given, hint) or (hint is not bool and isinstance(given, bool)):
        raise UnreadableState(f"{where} must be of type {hint.__name__}, not {given!r:.60}.")
    return given
