"""The files that lie where batches may read: listed for ops by short names, never a path from elsewhere, nor a link."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath

from worker.chunks import folders
from worker.datasets.references import BadSource

ENDINGS = (".csv", ".jsonl", ".ndjson", ".json", ".txt")
DEEP = 4
MOST = 200
SEEN = 5_000
"""Entries that are looked at, at most: a folder may hold millions."""


@dataclass(frozen=True)
class Place:
    """``token`` names it in an address: the number of its folder, and the way from there."""

    token: str
    name: str
    size: int
    changed: datetime


@dataclass(frozen=True)
class Folder:
    path: str
    files: tuple[Place, ...]
    more: bool = False
    """Not all of it was looked at."""


def listed() -> list[Folder]:
    """Each folder that is set, also an empty one. Of the uploads only what programs have put there."""
    return [_folder(number, path, 1 if number == 0 else DEEP) for number, path in enumerate(folders.readable())]


def _folder(number: int, path: Path, deep: int) -> Folder:
    found: list[Place] = []
    for seen, entry in enumerate(_entries(path, deep)):
        if len(found) >= MOST or seen >= SEEN:
            return Folder(str(path), tuple(found), more=True)
        if entry.name.lower().endswith(ENDINGS) and entry.is_file(follow_symlinks=False):
            found.append(_place(number, path, entry))
    return Folder(str(path), tuple(sorted(found, key=lambda place: place.name)))


def _entries(path: Path, deep: int) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(path) as scanned:
            entries = sorted(islice(scanned, SEEN + 1), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not _readable(entry.name):
            continue
        yield entry
        if deep > 1 and entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path), deep - 1)


def _readable(name: str) -> bool:
    """A name that is no text cannot stand in an address."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _place(number: int, path: Path, entry: "os.DirEntry[str]") -> Place:
    found = entry.stat(follow_symlinks=False)
    name = Path(entry.path).relative_to(path).as_posix()
    return Place(f"{number}/{name}", name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def path_of(token: str) -> Path:
    """Of a file that could have been listed; whoever opens it looks where it really lies. Raises BadSource."""
    number, _, name = token.partition("/")
    known = folders.readable()
    parts = PurePosixPath(name).parts
    deep = 1 if number == "0" else DEEP
    if not (number.isdecimal() and int(number) < len(known) and 0 < len(parts) <= deep) or "\x00" in name:
        raise BadSource("There is no such file in the folders that may be read. Choose one of the list.")
    if name.startswith("/") or any(part.startswith(".") for part in parts):
        raise BadSource("There is no such file in the folders that may be read. Choose one of the list.")
    return known[int(number)].joinpath(*parts)
