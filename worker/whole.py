"""A file that is there whole, or not at all. Pure."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")


@contextmanager
def whole(to: Path) -> Iterator[IO[bytes]]:
    """It is written beside, and gets its name at the end. Where that breaks off, nothing of it stays: on a full disk
    the half of it would be what fills it."""
    file = within(to.parent, lambda: _beside(to))
    try:
        with file:
            yield file
        os.replace(file.name, to)
    except BaseException:
        with suppress(OSError):
            os.unlink(file.name)
        raise


def _beside(to: Path) -> IO[bytes]:
    return tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}", delete=False)


def within(folder: Path, opens: Callable[[], T]) -> T:
    """What is opened there; the folder is made where there is none: nearly always there is, and nobody asks twice."""
    try:
        return opens()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return opens()
