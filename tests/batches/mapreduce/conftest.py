"""What the tests of MapReduce share: a map and a reduce that do as they are told, and how one is followed."""

import json
import threading
import uuid
from collections import Counter
from typing import Any

import pytest

from tests.batches.conftest import Running
from tests.temporal import House
from worker import registry
from worker.maps import mapper, reducer
from worker.resilience.fallback import NotAgain


class Mind:
    """How ``told_map`` and ``told_reduce`` behave: by the items' own words. They count their calls."""

    def __init__(self) -> None:
        self.mapped: Counter[str] = Counter()
        self.reduced: list[int] = []
        self.well: set[str] = set()
        """Words that have stopped being bad."""
        self.open, self.reduces_open = threading.Event(), threading.Event()
        self.open.set()
        self.reduces_open.set()
        self.reduce_raises: BaseException | None = None

    def map(self, items: list[Any]) -> dict[str, Any]:
        self.mapped[json.dumps([item["n"] for item in items])] += 1
        self.open.wait(60)
        bad = [item for item in items if item["word"] != "fine" and item["word"] not in self.well]
        for item in bad:
            word = item["word"]
            if word == "raises":
                raise ValueError(f"order {item['n']} of 'somebody' was refused")
            if word == "never":
                raise NotAgain("there is no such order")
            if word == "exits":
                raise SystemExit(3)
        if any(item["word"] == "odd" for item in bad):
            return {"set": {1, 2}}
        return {"numbers": [item["n"] for item in items], "size": "x" * sum(item.get("size", 0) for item in items)}

    def reduce(self, partials: list[Any]) -> dict[str, Any]:
        self.reduced.append(len(partials))
        self.reduces_open.wait(60)
        if self.reduce_raises:
            raise self.reduce_raises
        numbers = [number for partial in partials for number in partial["numbers"]]
        return {"numbers": numbers, "size": "".join(partial["size"] for partial in partials)}


@pytest.fixture
def mind():
    made = Mind()
    mapper("told_map")(lambda *, items: made.map(items))
    reducer("told_reduce")(lambda *, partials: made.reduce(partials))

    @mapper("told_map_async")
    async def told_map_async(*, items: list[Any]) -> Any:
        return made.map(items)

    yield made
    made.open.set()
    made.reduces_open.set()
    for name in ("told_map", "told_map_async"):
        del registry.maps._known[name]
    del registry.reduces._known["told_reduce"]


class MapReduces:
    """As a program sees them."""

    def __init__(self, house: House) -> None:
        self.house = house

    def start(self, dataset: Any, map: str = "told_map", reduce: str = "told_reduce", *args: Any, **options: Any):
        return self.start_given(dataset, map, reduce, *(args or (10, 4)), options or None)

    def start_given(self, *args: Any) -> "MapReducing":
        id = f"batch-{uuid.uuid4()}"
        return MapReducing(self.house, self.house.start(*args, workflow="MapReduceWorkflow", id=id))


class MapReducing(Running):
    def result(self) -> Any:
        return self.house.result(self.handle)


@pytest.fixture
def mapreduces(house, mind):
    return MapReduces(house)


def items(number: int, **words: str) -> list[dict[str, Any]]:
    """``_3="raises"``: the word of number 3; the others are fine."""
    return [{"n": n, "word": words.get(f"_{n}", "fine")} for n in range(number)]
