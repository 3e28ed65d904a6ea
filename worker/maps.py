"""Maps and reduces by name, in any app's ``mapreduce.py``, found like ``admin.py``. Pure.

    from worker.maps import mapper, reducer

    @mapper("count_words", title="counts words")
    def count_words(*, items: list[Any], column: str = "text") -> dict[str, int]:
        return Counter(word for item in items for word in item[column].split())

    @reducer("add_up", title="adds counts up")
    def add_up(*, partials: list[Any]) -> dict[str, int]:
        return sum(map(Counter, partials), Counter())

A map is handed the items of a chunk, or some of them, and returns one partial result for all of these. A reduce is
handed partial results and returns one; what it returned is handed to it again, with others, so it must not matter how
they are put together: add_up([a, b, c]) is add_up([add_up([a, b]), c]). It may be handed none. Every other argument
is given by name, by its type. Both are async, or plain; both return JSON, and may be called again for the same.

What a map raises is tried again; ``NotAgain`` says that this will not help. A map that still raises is handed smaller
and smaller parts of its items, until only those have failed that fail alone.
"""

from typing import Any

from worker import registry
from worker.registry import Callables

__all__ = ["mapper", "reducer", "wrong"]

mapper = registry.maps.register
reducer = registry.reduces.register


def wrong(known: Callables, what: str, name: str, args: Any) -> list[str]:
    """Why it cannot be called, in words; ``what`` is "map" or "reduce"."""
    found = known.find(name)
    if found is None:
        names = ", ".join(each.name for each in known.all()) or "none"
        return [f"There is no {what} {name!r:.80}. There are: {names}."]
    return found.check(args)[1]
