"""Calls a map or a reduce: in the thread that it is, or in a loop of its own where it is async; what it returns is
looked at."""

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

import uvloop

from worker import registry
from worker.chunks.calling import words
from worker.chunks.turns import Turn
from worker.mapreduce import partials
from worker.registry import Callables
from worker.resilience.fallback import NotAgain


class Useless(NotAgain):
    """What it returned cannot be kept, whatever it was handed."""


class Function:
    """One of them, ready to be called. Raises Missing where this worker does not know it."""

    def __init__(self, known: Callables, what: str, name: str, args: Mapping[str, Any]) -> None:
        found = known.find(name)
        if found is None:
            raise registry.Missing(f"This worker does not know the {what} {name!r}. Is its app in INSTALLED_APPS?")
        self._function, self._args, self._takes = found.function, found.check(args)[0], found.reserved
        self._async = inspect.iscoroutinefunction(found.function)

    def __call__(self, given: list[Any], turn: Turn) -> Any:
        """One that waits gives its turn to others meanwhile."""
        args = {**self._args, **dict.fromkeys(self._takes, given)}
        if not self._async:
            return self._function(**args)
        turn.give_back()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._function(**args))


def kept(value: Any) -> bytes:
    """As JSON. Raises Useless where it is none, or too much."""
    try:
        line = partials.line_of([value])
    except (TypeError, ValueError, RecursionError) as error:
        raise Useless(f"What it returned cannot be kept as JSON: {words(error)}") from None
    if len(line) > partials.LARGEST:
        most, found = partials.LARGEST // 1_000_000, -(-len(line) // 1_000_000)
        raise Useless(f"It returned {found:,} MB, and a partial result may have {most}. Let it return less.")
    return line
