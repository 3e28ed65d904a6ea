"""The items of a batch that has ended which were never run, as a file that a new batch can be started from."""

import json
from collections.abc import Iterator

from batches import mapped
from batches.exports import ROWS
from batches.failing import failed_numbers
from batches.models import Batch, Kind
from worker.chunks import folders, returned
from worker.chunks.reading import items_of
from worker.datasets.references import BadSource

Numbers = Iterator[int]


def wrong(batch: Batch) -> str:
    """Why they cannot be read; "" where they can."""
    try:
        items_of(str(batch.uuid), 0)
    except BadSource as error:
        return str(error)
    return ""


def lines(batch: Batch) -> Iterator[str]:
    """Chunk by chunk, as JSON lines, in the order of the items. Those that could not be read have no value to give."""
    uuid = str(batch.uuid)
    data = folders.order_of(uuid).data
    done = mapped.numbers(batch, data.chunk_size) if batch.kind == Kind.MAPREDUCE else _returned(uuid)
    known = [_Chunks(done, data.chunk_size), _Chunks(_failed(uuid), data.chunk_size)]
    for chunk in range(data.chunks):
        ended = {number for each in known for number in each.of(chunk)}
        if len(ended) < data.items_of(chunk):
            left = (
                item for place, item in enumerate(items_of(uuid, chunk), chunk * data.chunk_size) if place not in ended
            )
            yield "".join(f"{json.dumps(item.value)}\n" for item in left if not item.error)


def _returned(uuid: str) -> Numbers:
    return (returned.number_in(line) for line in returned.of_all(uuid))


def _failed(uuid: str) -> Numbers:
    after = -1
    while page := failed_numbers(uuid, after, ROWS):
        yield from page
        after = page[-1]


class _Chunks:
    """Numbers that come chunk by chunk, handed out for one chunk after the other."""

    def __init__(self, numbers: Numbers, size: int) -> None:
        self._numbers, self._size = numbers, size
        self._next = next(numbers, None)

    def of(self, chunk: int) -> Iterator[int]:
        while self._next is not None and self._next // self._size <= chunk:
            yield self._next
            self._next = next(self._numbers, None)
