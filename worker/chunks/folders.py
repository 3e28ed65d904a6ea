"""Where a batch's files are; among them what it was ordered to do, so that no chunk's input grows with the spec."""

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from worker.batch_rungs import RungSpec
from worker.batch_wire import DataSet
from worker.datasets.references import BadSource
from worker.whole import whole


@dataclass(frozen=True)
class Order:
    """What each chunk goes by. ``key``: what the idempotency keys of its items begin with."""

    data: DataSet
    key: str
    job: str
    job_args: dict[str, Any] = field(default_factory=dict)
    item_key: str = ""
    item_attempts: int = 3
    item_timeout_seconds: float = 30.0
    service: str = ""
    fallbacks: list[RungSpec] = field(default_factory=list)
    chunk_timeout_seconds: float = 300.0
    on_open: str = ""
    """What becomes of an item that the open circuit refuses; "": it was ordered before there was a choice."""


def folder_of(uuid: str) -> Path:
    return Path(settings.DATA_DIR) / "batches" / uuid


def index_of(uuid: str) -> Path:
    return folder_of(uuid) / "index"


def results_of(uuid: str) -> Path:
    return folder_of(uuid) / "results"


def work_of(uuid: str) -> Path:
    return folder_of(uuid) / "work"


def readable() -> list[Path]:
    """The folders that a source may lie in."""
    return [Path(settings.DATA_DIR) / "uploads", *map(Path, settings.LEITSTAND_SOURCES)]


def readable_for(uuid: str) -> list[Path]:
    """The same for a batch that has begun: its own copy of the items, too."""
    return [*readable(), folder_of(uuid)]


def write_order(uuid: str, order: Order) -> None:
    write_whole(folder_of(uuid) / "order.json", json.dumps(asdict(order)).encode())


@lru_cache(128)
def order_of(uuid: str) -> Order:
    """Read once per process: it never changes."""
    try:
        given = json.loads((folder_of(uuid) / "order.json").read_bytes())
    except OSError as error:
        raise BadSource(f"The folder of the batch cannot be read: {error.strerror or error}.") from None
    rungs = [RungSpec(**rung) for rung in given.get("fallbacks", ())]
    return Order(**{**given, "data": DataSet(**given["data"]), "fallbacks": rungs})


def write_whole(to: Path, content: bytes) -> None:
    """The whole of it is there, or nothing of it."""
    with whole(to) as file:
        file.write(content)
