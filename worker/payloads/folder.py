"""A folder of blobs: written whole or not at all, named by their SHA-256, each with a line saying whose it is. Pure.

    <root>/<32 hex: whose>/<64 hex: the SHA-256 of its bytes>

No name comes from outside. A workflow's blobs lie together; the same bytes of the same workflow are one file.
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from worker.payloads.troubles import NotRead, not_readable, not_there, not_whole, not_written

KEY = re.compile(r"[0-9a-f]{32}/[0-9a-f]{64}")
PART = ".part"
_LINE = 16_384
_BLOCK = 1_048_576


@dataclass(frozen=True)
class Owner:
    """The workflow that a blob belongs to. ``run_id`` is empty where it was not known yet, at the start."""

    namespace: str
    workflow_id: str
    run_id: str = ""
    workflow_type: str = ""

    @property
    def folder(self) -> str:
        return hashlib.sha256(f"{self.namespace}\x00{self.workflow_id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Stored:
    """``sha256`` and ``size`` are of the bytes that were given."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Blob:
    """What lies there. ``owner`` is None where the file does not say. ``at``: when it was last stored."""

    key: str
    owner: Owner | None
    size: int
    at: float


class Folder:
    """Below ``root``, which is made when something is first stored."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, owner: Owner, parts: Iterable[bytes]) -> Stored:
        """Raises NotStored; then nothing of it is there. What ``parts`` itself raises goes on to the caller."""
        made = None
        try:
            made, file = self._begun(owner)
            with file:
                stored = _written(file, owner, parts)
            to = self.root / stored.key
            os.replace(made, to)
            with suppress(FileNotFoundError):  # somebody has taken it away already
                _synced(to.parent)
            return stored
        except OSError as error:
            raise not_written(self.root, error) from error
        finally:
            if made is not None:
                with suppress(OSError):  # mostly it has become the blob
                    made.unlink()

    def _begun(self, owner: Owner) -> tuple[Path, BinaryIO]:
        """Again where a sweep has just taken the empty folder away."""
        home = self.root / owner.folder
        for left in reversed(range(100)):
            made = home / f"{secrets.token_hex(8)}{PART}"
            try:
                home.mkdir(parents=True, exist_ok=True, mode=0o700)
                return made, os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
            except (FileNotFoundError, FileExistsError):  # the latter: gone between the making and the look at it
                if not left:
                    raise
        raise AssertionError

    def open(self, key: str) -> BinaryIO:
        """Its bytes, from the first. Raises NotRead."""
        return self._opened(key)[1]

    def _opened(self, key: str) -> tuple[Owner, BinaryIO]:
        try:
            file = (self.root / _checked(key)).open("rb")
        except FileNotFoundError:
            raise not_there(self.name_of(key)) from None
        except OSError as error:
            raise not_readable(self.name_of(key), error) from error
        try:
            return Owner(**json.loads(file.readline(_LINE))), file
        except (ValueError, TypeError):
            file.close()
            raise not_whole(self.name_of(key)) from None
        except BaseException:
            file.close()
            raise

    def read(self, key: str) -> bytes:
        """All of it, compared with its name. Raises NotRead."""
        with self.open(key) as file:
            try:
                data = file.read()
            except OSError as error:
                raise not_readable(self.name_of(key), error) from error
        if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2]:
            raise not_whole(self.name_of(key))
        return data

    def verify(self, key: str) -> int:
        """Its size, read through without keeping it. Raises NotRead."""
        summed, size = hashlib.sha256(), 0
        with self.open(key) as file:
            try:
                while block := file.read(_BLOCK):
                    summed.update(block)
                    size += len(block)
            except OSError as error:
                raise not_readable(self.name_of(key), error) from error
        if summed.hexdigest() != key.rpartition("/")[2]:
            raise not_whole(self.name_of(key))
        return size

    def name_of(self, key: str) -> str:
        return f"The stored file {self.where(key)}"

    def where(self, key: str) -> str:
        return str(self.root / key)

    # --- all of them ------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[Blob]:
        return self._blobs(self._files())

    def of(self, owner: Owner) -> Iterator[Blob]:
        """Those of this workflow, of all its runs."""
        return self._blobs((self.root / owner.folder).glob("*"))

    def _blobs(self, paths: Iterable[Path]) -> Iterator[Blob]:
        for path in paths:
            key = f"{path.parent.name}/{path.name}"
            with suppress(FileNotFoundError):  # it went meanwhile
                if KEY.fullmatch(key):
                    yield self._blob(key, path)

    def _blob(self, key: str, path: Path) -> Blob:
        found = path.stat()
        try:
            owner, file = self._opened(key)
        except NotRead:
            return Blob(key, None, found.st_size, found.st_mtime)
        with file:
            return Blob(key, owner, found.st_size - file.tell(), found.st_mtime)

    def remove(self, key: str, unless_since: float = float("inf")) -> bool:
        """Whether it went; not where it was stored again since then."""
        path = self.root / _checked(key)
        with suppress(FileNotFoundError):
            if path.stat().st_mtime > unless_since:
                return False
            path.unlink()
        with suppress(OSError):
            path.parent.rmdir()
        return True

    def leftovers(self, older_than: float) -> list[Path]:
        """What writers that died have left half-written, as far as nobody can be writing it any more."""
        before = time.time() - older_than
        return [path for path in self._files() if path.suffix == PART and path.stat().st_mtime < before]

    def _files(self) -> Iterator[Path]:
        homes = sorted(self.root.iterdir()) if self.root.is_dir() else []
        for home in filter(Path.is_dir, homes):
            with suppress(FileNotFoundError):  # it went meanwhile
                yield from sorted(home.iterdir())


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise not_there("A stored file of such a name")
    return key


def _written(file: BinaryIO, owner: Owner, parts: Iterable[bytes]) -> Stored:
    file.write(json.dumps(asdict(owner)).encode() + b"\n")
    summed, size = hashlib.sha256(), 0
    for part in parts:
        file.write(part)
        summed.update(part)
        size += len(part)
    file.flush()
    os.fsync(file.fileno())
    return Stored(f"{owner.folder}/{summed.hexdigest()}", summed.hexdigest(), size)


def _synced(folder: Path) -> None:
    """The name is on the disk as well."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
