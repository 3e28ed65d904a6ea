"""What the maps of a MapReduce have done, as its partial results say: by item, and in all."""

from collections.abc import Iterator
from pathlib import Path

from batches.models import Batch, State
from worker.chunks import folders
from worker.chunks.ending import Counted
from worker.datasets.references import BadSource
from worker.mapreduce import partials

PIECE = 100_000


def mapped(row: Batch) -> Counted | None:
    """None where nothing is left to count from."""
    found = list(partials.words(str(row.uuid)))
    return Counted(sum(end - start for word in found for start, end in word.well)) if found else None


def result_of(row: Batch) -> Path:
    """What its reduce returned, as long as its folder is kept."""
    return folders.folder_of(str(row.uuid)) / partials.RESULT


def text_of(path: Path) -> Iterator[str]:
    with path.open() as file:
        while piece := file.read(PIECE):
            yield piece


def numbers(row: Batch, chunk_size: int) -> Iterator[int]:
    """Of items that were mapped, chunk by chunk. Raises BadSource."""
    for chunk, word in partials.words_by_chunk(str(row.uuid)):
        for start, end in word.well:
            yield from range(chunk * chunk_size + start, chunk * chunk_size + end)


def is_mapped(row: Batch, chunk: int, place: int) -> bool | None:
    """None: it cannot be read. Once all is reduced, whatever did not fail was mapped."""
    if row.state == State.COMPLETED:
        return True
    try:
        words = partials.words_of(str(row.uuid), chunk)
        return any(start <= place < end for word in words for start, end in word.well)
    except (BadSource, OSError):
        return None
