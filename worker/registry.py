"""Names for what the floors above provide: pure, so that workflows and adapters may import it without Django.

An app registers its callables in ``AppConfig.ready()`` (handlers, chores) or in a module that is found like
``admin.py`` (actions, jobs). What calls them knows the name only.
"""

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

MOST_ERRORS = 20

_handlers: dict[str, Callable[..., Any]] = {}
_chores: dict[str, Callable[[], Any]] = {}


class Missing(LookupError):
    """Nothing is registered under this name."""


class BadArguments(ValueError):
    """The arguments do not fit what is registered; trying again will not help."""


def handler(name: str, function: Callable[..., Any]) -> None:
    """Make a service callable from an activity under this name."""
    _handlers[name] = function


def call(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call what was registered under this name, or raise :class:`Missing`."""
    try:
        function = _handlers[name]
    except KeyError:
        raise Missing(f"Nothing is registered under {name!r}. Is its app in INSTALLED_APPS?") from None
    return function(*args, **kwargs)


def housekeeping(name: str, function: Callable[[], Any]) -> None:
    """Have every worker call this about once a second: idempotent, cheap when there is nothing to do."""
    _chores[name] = function


def chores() -> dict[str, Callable[[], Any]]:
    return dict(_chores)


F = TypeVar("F", bound=Callable[..., Any])


def checked(
    wrong: Callable[[dict[str, Any]], list[str]], columns: Callable[[dict[str, Any]], list[str]] | None = None
) -> Callable[[F], F]:
    """Below ``@job`` or ``@action``: what else is wrong with its arguments, and which columns of items they name."""

    def decorate(function: F) -> F:
        function.__dict__.update(wrong=wrong, columns=columns)
        return function

    return decorate


@dataclass(frozen=True)
class Parameter:
    """One argument that a person or a program may give: its name, type, and default if it has one."""

    name: str
    type: type
    required: bool
    default: Any = None


@dataclass(frozen=True)
class Registered:
    """A callable that people choose by name, and what it takes."""

    name: str
    title: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    reserved: frozenset[str]
    needs_approval: bool = False
    """Of a job: however few items it is for, somebody approves a batch of it before it begins."""
    item_cost: float = 0.0
    """Of a job: what an item of a batch costs, where no setting says so."""
    by_hand: bool = True
    """Whether people may choose it in a form; an action of the house's own they may not."""

    def check(self, args: Any) -> tuple[dict[str, Any], list[str]]:
        """The arguments as the callable wants them, and what is wrong with them, in words."""
        if not isinstance(args, Mapping):
            return {}, [f"The arguments of {self.name!r} must be an object with names and values."]
        known = {parameter.name for parameter in self.parameters}
        unknown = islice((name for name in args if name not in known), MOST_ERRORS)
        errors = [f"{self.name!r} has no argument {name!r:.80}." for name in unknown]
        clean: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name not in args:
                if parameter.required:
                    errors.append(f"{self.name!r} needs the argument {parameter.name!r}.")
                continue
            value, error = convert(args[parameter.name], parameter)
            if error:
                errors.append(f"{self.name!r}: {error}")
            clean[parameter.name] = value
        if not errors and (wrong := self.function.__dict__.get("wrong")):
            errors = wrong(clean)
        return clean, errors

    def columns(self, args: Mapping[str, Any]) -> list[str]:
        """The columns that it reads of each item, as far as its arguments name them."""
        columns = self.function.__dict__.get("columns")
        return columns(self.check(args)[0]) if columns else []


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def convert(value: Any, parameter: Parameter) -> tuple[Any, str]:
    """The value as the parameter's type, or why it is not one. Texts from forms, such as "12", are read."""
    wanted = parameter.type
    error = f"the argument {parameter.name!r} must be {_WORDS.get(wanted, wanted.__name__)}, not {value!r:.80}."
    if isinstance(value, bool) and wanted in (int, float):
        return None, error
    if isinstance(value, str) and wanted in (int, float, bool):
        value = value.strip()
    elif not isinstance(value, wanted) and not (wanted is float and isinstance(value, int)):
        return None, error
    try:
        return _read(value, wanted), ""
    except (ValueError, OverflowError):
        return None, error


def _read(value: Any, wanted: type) -> Any:
    if wanted is bool and isinstance(value, str):
        if value.lower() not in {"true", "false", "yes", "no"}:
            raise ValueError(value)
        return value.lower() in {"true", "yes"}
    read = wanted(value) if wanted in (int, float) else value
    if wanted is float and not math.isfinite(read):
        raise ValueError(value)
    return read


class Callables:
    """Callables by name with typed arguments: the actions of approvals, and the jobs that work is made of."""

    def __init__(self, reserved: frozenset[str]) -> None:
        self.reserved = reserved
        self._known: dict[str, Registered] = {}

    def register(self, name: str, title: str = "", **marks: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator. The function's keyword arguments, with their types, are what callers may give.

        ``marks``: the fields of :class:`Registered` that have a default.
        """

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            if name in self._known and self._known[name].function is not function:
                raise ValueError(f"{name!r} is registered already.")
            parameters, reserved = self._parameters(name, function)
            title_ = title or name.replace("_", " ")
            self._known[name] = Registered(name, title_, function, parameters, reserved, **marks)
            return function

        return decorate

    def _parameters(self, name: str, function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], frozenset[str]]:
        hints = typing.get_type_hints(function)
        found, reserved = [], set()
        for given in inspect.signature(function).parameters.values():
            if given.kind in (given.VAR_POSITIONAL, given.VAR_KEYWORD, given.POSITIONAL_ONLY):
                raise TypeError(f"{name!r}: the argument {given.name!r} must be one that can be given by its name.")
            if given.name in self.reserved:
                reserved.add(given.name)
                continue
            kind = _plain(hints.get(given.name, str))
            if kind not in (str, int, float, bool, list, dict):
                raise TypeError(f"{name!r}: the argument {given.name!r} must be str, int, float, bool, list or dict.")
            required = given.default is inspect.Parameter.empty
            found.append(Parameter(given.name, kind, required, None if required else given.default))
        return tuple(found), frozenset(reserved)

    def find(self, name: str) -> Registered | None:
        return self._known.get(name)

    def all(self) -> list[Registered]:
        return sorted(self._known.values(), key=lambda known: known.name)


def _plain(hint: Any) -> Any:
    """``list[str]`` is a list, ``str | None`` a str."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    return typing.get_origin(hint) or hint


actions = Callables(reserved=frozenset({"key", "request"}))
jobs = Callables(reserved=frozenset({"key", "item", "service"}))
maps = Callables(reserved=frozenset({"items"}))
reduces = Callables(reserved=frozenset({"partials"}))
loaders = Callables(reserved=frozenset())
processors = Callables(reserved=frozenset({"data"}))
