"""Which number the item has that somebody names by its key: by the index of keys, or in the batch's own copy."""

import json
import mmap

from worker.batch_wire import DataSet
from worker.chunks import folders
from worker.chunks.reading import items_of
from worker.datasets.keys import keys_beside, number_of
from worker.datasets.records import Item
from worker.datasets.references import BadSource

_PIECE = 1_000_000


def number_named(uuid: str, key: str) -> int | None:
    """From 0; None where no item is called so. Raises BadSource where the batch's folder cannot be read."""
    order = folders.order_of(uuid)
    try:
        if order.data.kept:
            return _in_copy(uuid, key)
        if order.item_key:
            return number_of(keys_beside(folders.index_of(uuid)), key)
    except OSError as error:
        raise BadSource(f"The folder of the batch cannot be read: {error.strerror or error}.") from None
    return _counted(key, order.data)


def _counted(key: str, data: DataSet) -> int | None:
    """Items without a name of their own are called by their number, from 1."""
    known = key.isascii() and key.isdigit() and not key.startswith("0") and len(key) < 19
    return int(key) - 1 if known and int(key) <= data.items else None


def _in_copy(uuid: str, key: str) -> int | None:
    """Each line of it begins with its key, always written the same way."""
    begins = f'{{"key":{json.dumps(key)},'.encode()
    with (
        (folders.folder_of(uuid) / "items.jsonl").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as copy,
    ):
        first = copy[: len(begins)] == begins
        at = 0 if first else copy.find(b"\n" + begins) + 1
        if not first and not at:
            return None
        return sum(copy[start : min(start + _PIECE, at)].count(b"\n") for start in range(0, at, _PIECE))


def chunk_size_of(uuid: str) -> int:
    return folders.order_of(uuid).data.chunk_size


def item_numbered(uuid: str, number: int) -> Item:
    """As its job is given it. Raises BadSource where the data is not what it was, or not there any more."""
    chunk, place = divmod(number, chunk_size_of(uuid))
    return items_of(uuid, chunk)[place]
