"""What the jobs of a batch returned, line by line: of one item, and of all of them, while it runs and afterwards.

While it runs each round of a chunk has a file; on close they become one, in the order of the chunks. So one item is
found in that by halves, without an index, and reading all of them goes on from one to the other should the batch close
meanwhile.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from worker.chunks import folders, notes

_NUMBER = re.compile(rb'\{"item":"(?:[^"\\]|\\.)*","number":(\d+),')
_NAME = re.compile(r"(\d{8,}-\d{8,})\.jsonl?")


def number_in(line: bytes) -> int:
    """Of the item that the line is of, from 0; -1 where it is no line of results."""
    found = _NUMBER.match(line)
    return int(found[1]) if found else -1


def text_of(written: bytes) -> str:
    """A text as it stands in a line, without its quotes."""
    return str(json.loads(b'"' + written + b'"'))


def chunk_in(round: str) -> int:
    """Of the name of a round."""
    return int(round.partition("-")[0])


def whole_of(uuid: str) -> Path:
    """The one file, once the batch has closed."""
    return folders.folder_of(uuid) / "results.jsonl"


# --- one item -----------------------------------------------------------------------------------------------------


def of_item(uuid: str, number: int, chunk_size: int) -> dict[str, Any] | None:
    """The line of this item; None where nothing is written down. The rounds first: they go when the one is there."""
    chunk = number // chunk_size
    try:
        for round in reversed(_rounds(uuid, chunk)):  # what was served better stands in a later one
            for line in _lines_of(uuid, round):
                if number_in(line) == number:
                    return _read(line)
    except FileNotFoundError:
        pass  # it has closed meanwhile
    try:
        with whole_of(uuid).open("rb") as file:
            lines = _from_chunk(file, chunk, chunk_size, last=chunk)
            return next((_read(line) for line in lines if number_in(line) == number), None)
    except FileNotFoundError:
        return None


def _read(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


def _from_chunk(file: IO[bytes], chunk: int, chunk_size: int, last: int | None = None) -> Iterator[bytes]:
    """The lines of this chunk and of those after it, up to the ``last``: where they begin is found by halves."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while low < high:
        middle = (low + high) // 2
        line = _line_from(file, middle)
        if not line or number_in(line) // chunk_size >= chunk:
            high = middle
        else:
            low = middle + 1
    line = _line_from(file, low)
    while line and (last is None or number_in(line) // chunk_size <= last):
        yield line
        line = file.readline()


def _line_from(file: IO[bytes], at: int) -> bytes:
    """The first line that begins there or later."""
    file.seek(max(0, at - 1))
    if at:
        file.readline()
    return file.readline()


# --- all of them --------------------------------------------------------------------------------------------------


def of_all(uuid: str) -> Iterator[bytes]:
    """Whole lines, as far as they are written down for good. The one file counts as soon as it is there."""
    rounds = _rounds(uuid)
    closed = whole_of(uuid).exists()
    chunk, seen = 0, set[int]()
    for of_chunk, of_it in groupby(() if closed else rounds, chunk_in):
        chunk, seen = of_chunk, set()
        try:
            for line in _of_rounds(uuid, list(of_it)):
                seen.add(number_in(line))
                yield line
        except FileNotFoundError:
            closed = True
            break
    if closed:
        yield from _rest(uuid, chunk, seen)


def _rest(uuid: str, chunk: int, seen: set[int]) -> Iterator[bytes]:
    """Of the one file what comes after what was read of the others."""
    try:
        with whole_of(uuid).open("rb") as file:
            lines = _from_chunk(file, chunk, folders.order_of(uuid).data.chunk_size) if chunk or seen else file
            for line in lines:
                if number_in(line) not in seen:
                    yield line
    except FileNotFoundError:
        return


def _of_rounds(uuid: str, rounds: Sequence[str]) -> Iterator[bytes]:
    """Of one chunk. An item that was run again for a better result stands in several: the last one counts."""
    later = [{number_in(line) for line in _lines_of(uuid, round)} for round in rounds[1:]]
    for place, round in enumerate(rounds):
        better = set[int]().union(*later[place:])
        yield from (line for line in _lines_of(uuid, round) if number_in(line) not in better)


def of_chunk(uuid: str, chunk: int, counts: Callable[[int], bool]) -> Iterator[bytes]:
    """While the batch runs: of those rounds that count. One that was gathered meanwhile holds nothing any more."""
    rounds = [round for round in _rounds(uuid, chunk) if counts(int(round.partition("-")[2]))]
    try:
        yield from _of_rounds(uuid, rounds)
    except FileNotFoundError:
        return


def chunks_of(uuid: str, first: int) -> list[int]:
    """Those that anything was returned of, from this one on."""
    return sorted({chunk for round in _rounds(uuid) if (chunk := chunk_in(round)) >= first})


# --- the rounds of chunks -----------------------------------------------------------------------------------------


def _rounds(uuid: str, chunk: int | None = None) -> list[str]:
    """Their names, in their order."""
    begins = "" if chunk is None else f"{chunk:08}-"
    found: set[str] = set()
    for folder in (folders.results_of(uuid), folders.work_of(uuid)):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue
        found.update(name[1] for each in names if each.startswith(begins) and (name := _NAME.fullmatch(each)))
    return sorted(found)


def _lines_of(uuid: str, round: str) -> Iterator[bytes]:
    """Raises FileNotFoundError where the round is not there any more. Of one that runs, as far as its checkpoint."""
    file, left = _opened(uuid, round)
    with file:
        while left is None or left > 0:
            line = file.readline()
            if not line:
                return
            left = None if left is None else left - len(line)
            yield line


def _checkpoint(uuid: str, round: str) -> notes.Checkpoint:
    """One that cannot be read says nothing."""
    try:
        return notes.checkpoint(folders.work_of(uuid) / f"{round}.json")
    except (ValueError, TypeError):
        return notes.Checkpoint()


def _opened(uuid: str, round: str) -> tuple[IO[bytes], int | None]:
    results = folders.results_of(uuid)
    try:
        return (results / f"{round}.jsonl").open("rb"), None
    except FileNotFoundError:
        kept = _checkpoint(uuid, round)
    if not kept.offset:
        return Path(os.devnull).open("rb"), 0
    try:
        return (results / kept.file).open("rb"), kept.offset
    except FileNotFoundError:  # it has ended just now
        return (results / f"{round}.jsonl").open("rb"), None
