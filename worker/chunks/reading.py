"""The items of a chunk as its job gets them: read by offset, compared with its checksum, unpacked from a copy."""

import json
from typing import Any

from worker.chunks import folders
from worker.datasets import index
from worker.datasets.records import Item
from worker.datasets.references import BadSource, Reference


def items_of(uuid: str, chunk: int) -> list[Item]:
    """Raises BadSource where the file is another one now."""
    order = folders.order_of(uuid)
    source = Reference(order.data.uri, order.data.format)
    items = index.items_of(source, folders.readable_for(uuid), folders.index_of(uuid), chunk, order.item_key)
    return [unpacked(item) for item in items] if order.data.kept else items


def items_or_numbers(uuid: str, chunk: int, number: int) -> list[Item]:
    """So many; where they cannot be read any more they are called by their numbers."""
    try:
        return items_of(uuid, chunk)
    except BadSource:
        first = chunk * folders.order_of(uuid).data.chunk_size
        return [Item(first + place, str(first + place + 1)) for place in range(number)]


def packed(item: Item) -> bytes:
    """As a line of a batch's own copy: its key, and its value or why it has none."""
    about = {"error": item.error} if item.error else {"value": item.value}
    return json.dumps({"key": item.key, **about}, separators=(",", ":")).encode() + b"\n"


def unpacked(item: Item) -> Item:
    """A line of the batch's own copy."""
    if item.error or not isinstance(item.value, dict):
        return item
    line: dict[str, Any] = item.value
    return Item(item.number, str(line.get("key", item.key)), line.get("value"), str(line.get("error", "")))
