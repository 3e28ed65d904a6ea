"""Makes one partial result of a group of them, in bites that fit into memory; the last one is the result."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker import registry
from worker.chunks import folders
from worker.chunks.turns import Turn
from worker.compact import dumps
from worker.datasets.references import BadSource, address_of
from worker.mapreduce import partials
from worker.mapreduce.calling import Function, kept
from worker.mapreduce.partials import Word
from worker.mapreduce_contract import LARGEST_RESULT
from worker.mapreduce_wire import CloseMapReduce, GroupReduced, Reduced, ReduceGroup

SHOWN = 100


class Stopped(Exception):
    def __str__(self) -> str:
        return "It was asked to stop before it had ended."


class ReduceRun:
    """As a chunk is run. ``stop()``: it ends between two bites."""

    def __init__(self, given: ReduceGroup) -> None:
        self.given = given
        self.stopping = self.lost = False
        self.partials = 0

    def stop(self) -> None:
        self.stopping = True

    def lose(self) -> None:
        self.stopping = self.lost = True

    def excuse(self) -> None:
        """Nothing is blamed for that its worker ends."""

    def beat(self) -> dict[str, Any]:
        return {"level": self.given.level, "group": self.given.group, "partials": self.partials}

    def run(self) -> GroupReduced:
        """Done already, it is not done again."""
        given = self.given
        to = partials.of_group(given.uuid, given.level, given.group)
        if partials.word_in(to) is None:
            with Turn(given.uuid) as turn:
                line = self._reduced(turn)
            if self.stopping:
                raise Stopped
            partials.write(to, Word(), line)
        return GroupReduced(self.partials)

    def _reduced(self, turn: Turn) -> bytes:
        """A list of one; of none, where the maps left nothing and a reduce above will hear of that."""
        plan = partials.plan_of(self.given.uuid)
        function = Function(registry.reduces, "reduce", plan.reduce, plan.reduce_args)
        waiting: list[Any] = []
        size = 0
        for value, length in self._values():
            if len(waiting) > 1 and size + length > partials.LARGEST:
                line = kept(function(waiting, turn))
                waiting, size = json.loads(line), len(line)
            waiting.append(value)
            size += length
        return kept(function(waiting, turn)) if waiting or self.given.top else b"[]"

    def _values(self) -> Iterator[tuple[Any, int]]:
        """Each, and about how many bytes it is."""
        given = self.given
        for path in partials.names_in(partials.group_of(given.uuid, given.level - 1, given.group)):
            if self.stopping:
                raise Stopped
            values = partials.values_in(path)
            each = path.stat().st_size // max(1, len(values))
            for value in values:
                self.partials += 1
                yield value, each


# --- the end ------------------------------------------------------------------------------------------------------


def close(given: CloseMapReduce) -> Reduced:
    """What the last reduce left is the result, and the partial results are thrown away; of one that did not come so
    far they are kept. Twice does no harm."""
    result = folders.folder_of(given.uuid) / partials.RESULT
    failed = registry.call("batches.first_failed", given.uuid, SHOWN)
    if not given.level:
        return Reduced(failed_items=failed)
    if not result.exists():
        try:
            [value] = partials.values_in(partials.of_group(given.uuid, given.level, 0))
        except BadSource as error:
            return Reduced(failed_items=failed, error=str(error))
        folders.write_whole(result, dumps(value).encode())
    partials.throw_away(given.uuid)
    return _reduced(result, failed)


def _reduced(result: Path, failed: list[dict[str, str]]) -> Reduced:
    """The first failed items are named beside a reference alone: with a value, both would be too much for a payload."""
    content = result.read_bytes()
    if len(content) <= LARGEST_RESULT:
        return Reduced(json.loads(content))
    sha256 = hashlib.sha256(content).hexdigest()
    refers = {"uri": address_of(result), "format": "json", "size": len(content), "sha256": sha256}
    return Reduced(results=refers, failed_items=failed)
