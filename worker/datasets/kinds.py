"""The kinds of storage that data sets lie in: ``fs``, ``s3`` where it is configured, others by a driver of one's own.

    from worker.datasets import kinds
    kinds.register("gcs", lambda: MyBuckets())

in the ``datasets.py`` of any installed app. A driver puts whole sets or nothing, and compares what it reads. Pure.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from worker.dataset_contract import FS, S3
from worker.datasets.references import BadSource
from worker.payloads.bucket import SETS, Bucket
from worker.payloads.config import config
from worker.payloads.folder import Blob, Folder, Owner, Stored


class Keeping(Protocol):
    """What a driver does. Everything may raise NotStored or NotRead (worker.payloads.troubles)."""

    def put(self, owner: Owner, parts: Iterable[bytes]) -> Stored:
        """All of it, or nothing. What ``parts`` raises goes on to the caller."""

    def open(self, key: str) -> BinaryIO: ...
    def verify(self, key: str) -> int:
        """Its size, once all of it was compared with its checksum."""

    def all(self) -> Iterator[Blob]: ...
    def of(self, owner: Owner) -> Iterator[Blob]:
        """Those of this workflow, of all its runs."""

    def remove(self, key: str, unless_since: float = ...) -> bool: ...
    def leftovers(self, older_than: float) -> list[Path]: ...


_known: dict[str, Callable[[], Keeping]] = {}


def register(kind: str, make: Callable[[], Keeping]) -> None:
    _known[kind] = make


def kind_of(name: str) -> Keeping:
    """Raises BadSource, in words, for one that there is not."""
    make = _known.get(name)
    if make is None:
        raise BadSource(f"There is no storage of the kind {name!r:.80} here. There are: {', '.join(sorted(_known))}.")
    return make()


def all_kinds() -> dict[str, Keeping]:
    """Those that are configured."""
    return {name: make() for name, make in sorted(_known.items()) if name != S3 or config.bucket}


def _folder() -> Folder:
    if config.folder is None:
        raise BadSource("No folder is named in which data sets could lie.")
    return Folder(config.folder.with_name("datasets"))


def _bucket() -> Bucket:
    if not config.bucket:
        raise BadSource("No bucket is named in which data sets could lie.")
    return Bucket(SETS)


register(FS, _folder)
register(S3, _bucket)
