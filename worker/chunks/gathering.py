"""When a batch closes: what its chunks returned becomes one file, and what they left to go on from is thrown away."""

import hashlib
import os
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from worker.chunks import folders, notes
from worker.chunks.returned import chunk_in, number_in, whole_of
from worker.datasets.references import JSONL, address_of
from worker.whole import whole

PIECE = 1_000_000


def gather(uuid: str, beat: Callable[[int], None]) -> dict[str, Any] | None:
    """A reference to the file, in the order of the items; None where nothing was returned. Twice does no harm."""
    to = whole_of(uuid)
    parts = notes.parts(uuid)
    if parts:
        _join(parts, to, beat)
    _throw_away(folders.results_of(uuid))
    notes.tidy(uuid)
    return _reference(to) if to.exists() else None


def _throw_away(folder: Path) -> None:
    """All at once, by its name: of what is half thrown away, somebody who comes again would make another whole."""
    gone = folder.with_name(f".{folder.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    try:
        os.replace(folder, gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def _join(parts: list[Path], to: Path, beat: Callable[[int], None]) -> None:
    with whole(to) as file:
        better = _better(parts)
        for number, part in enumerate(parts, 1):
            with part.open("rb") as one:
                if part in better:
                    file.writelines(line for line in one if number_in(line) not in better[part])
                else:
                    shutil.copyfileobj(one, file, PIECE)
            if not number % 100:
                beat(number)


def _better(parts: list[Path]) -> dict[Path, set[int]]:
    """Of chunks that were run several times: which numbers stand again, and better, in a later part."""
    found: dict[Path, set[int]] = {}
    for _chunk, of_it in groupby(parts, lambda part: chunk_in(part.name)):
        later, those = set[int](), list(of_it)
        for part in reversed(those if len(those) > 1 else ()):
            found |= {part: set(later)} if later else {}
            with part.open("rb") as one:
                later.update(number_in(line) for line in one)
    return found


def _reference(to: Path) -> dict[str, Any]:
    with to.open("rb") as file:
        return {
            "uri": address_of(to),
            "format": JSONL,
            "size": os.fstat(file.fileno()).st_size,
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
        }
