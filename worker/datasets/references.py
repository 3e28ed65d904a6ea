"""A data set by reference: where it lies, its size and checksum. Only files in allowed folders are opened."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

CSV, JSONL = "csv", "jsonl"
FORMATS = (CSV, JSONL)


class BadSource(ValueError):
    """This data set cannot be used; the message says why, and what now. Trying again will not help."""


@dataclass(frozen=True)
class Reference:
    """``sha256`` in hexadecimal and ``size`` in bytes are checked where they are given."""

    uri: str
    format: str = CSV
    sha256: str = ""
    size: int | None = None


def open_reference(given: Reference, folders: Sequence[str | os.PathLike[str]]) -> BinaryIO:
    """The file, open for reading. Raises BadSource for one that is not below one of these folders, links followed."""
    path = path_named(given.uri)
    allowed = [Path(os.path.realpath(folder)) for folder in folders]
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(folder) for folder in allowed):
        places = ", ".join(str(folder) for folder in folders) or "none"
        raise BadSource(f"{path} is not below a folder that may be read ({places}). Upload it, or put it there.")
    try:
        # Not blocking, for a pipe would wait for its writer before it could be refused.
        file = os.fdopen(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except FileNotFoundError:
        raise BadSource(f"There is no file {path}. Was it moved, or cleaned up?") from None
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror or error}.") from None
    return _checked(file, real, given, allowed)


def path_named(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise BadSource(f"The source must be the address of a file, such as file:///data/orders.csv, not {uri!r:.200}.")
    path = unquote(parts.path)
    if not path.startswith("/") or "\x00" in path:
        raise BadSource(f"The source must name a file from the root on, not {uri!r:.200}.")
    return Path(path)


def _checked(file: BinaryIO, real: Path, given: Reference, allowed: Sequence[Path]) -> BinaryIO:
    """What was opened is what was looked at: a link that was changed in between is noticed."""
    found = os.fstat(file.fileno())
    try:
        if not stat.S_ISREG(found.st_mode):
            raise BadSource(f"{real} is no file.")
        again = Path(os.path.realpath(real))
        if again != real or not any(again.is_relative_to(folder) for folder in allowed):
            raise BadSource(f"{real} was changed while it was opened. Try again.")
        if given.size is not None and found.st_size != given.size:
            raise BadSource(f"{real} has {found.st_size:,} bytes, and {given.size:,} were named: it is another file.")
    except BadSource:
        file.close()
        raise
    return file


def address_of(path: str | os.PathLike[str]) -> str:
    """The file's address."""
    return Path(path).absolute().as_uri()
