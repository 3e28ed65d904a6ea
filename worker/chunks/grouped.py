"""A batch's own copy of its items, those of one group together: each group is a child's."""

import mmap
import tempfile
from array import array
from collections.abc import Callable, Iterator
from typing import IO, Any

from worker.chunks import folders
from worker.chunks.reading import packed, unpacked
from worker.datasets import index
from worker.datasets.records import Item
from worker.datasets.references import BadSource, Reference

MOST_GROUPS = 1_000
LONGEST_NAME = 100
"""Characters; what is the same until there is the same group."""
_EVERY = 100
"""Chunks between two beats."""


class Groups:
    """In the order in which they first come. ``names`` and ``starts`` are known once all lines were given out."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.names: list[str] = []
        self.starts: list[int] = []

    def lines(self, uuid: str, data: Any, item_key: str, beat: Callable[[int], None]) -> Iterator[bytes]:
        """The items of the data that was counted already, group by group, in their order within each."""
        owners, ends = array("I"), array("Q", [0])
        with tempfile.TemporaryFile(dir=folders.folder_of(uuid)) as file:
            for line, group in self._read(uuid, data, item_key, beat):
                owners.append(group)
                ends.append(ends[-1] + file.write(line))
            file.flush()
            yield from self._sorted(file, owners, ends)

    def _read(self, uuid: str, data: Any, item_key: str, beat: Callable[[int], None]) -> Iterator[tuple[bytes, int]]:
        known: dict[str, int] = {}
        allowed, where = folders.readable_for(uuid), folders.index_of(uuid)
        for chunk in range(data.chunks):
            for item in index.items_of(Reference(data.uri, data.format), allowed, where, chunk, item_key):
                item = unpacked(item) if data.kept else item
                group = known.setdefault(self._name(item), len(known))
                if len(known) > MOST_GROUPS:
                    raise BadSource(
                        f"The column {self.column!r:.80} has more than {MOST_GROUPS:,} values: too many to be groups. "
                        "Choose another column, or child_per_item."
                    )
                yield packed(item), group
            if not chunk % _EVERY:
                beat(chunk)
        self.names = list(known)
        if self.names == [""]:
            raise BadSource(f"No item has anything in the column {self.column!r:.80} that it is to be grouped by.")

    def _name(self, item: Item) -> str:
        """What cannot be read, and what has no value there, is a group of its own."""
        value = item.value.get(self.column) if isinstance(item.value, dict) and not item.error else None
        text = "" if value is None or isinstance(value, dict | list) else str(value)
        return text.strip()[:LONGEST_NAME]

    def _sorted(self, file: IO[bytes], owners: "array[int]", ends: "array[int]") -> Iterator[bytes]:
        order = sorted(range(len(owners)), key=owners.__getitem__)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
            for at, number in enumerate(order):
                if not at or owners[number] != owners[order[at - 1]]:
                    self.starts.append(at)
                yield lines[ends[number] : ends[number + 1]]
