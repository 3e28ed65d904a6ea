"""How many items a batch would have, and of which very data: the source with its checksum, completed and checked."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from batches.beginning import uuid_named
from batches.starting.origins import degraded_count, failed_rows, look_of
from worker.batch_contract import SourceSpec
from worker.chunks import folders
from worker.datasets.looking import SUMMED
from worker.datasets.references import CSV, BadSource, Reference, open_reference

BLOCK = 1_000_000


@dataclass(frozen=True)
class Sized:
    """``items``: exactly, or at most. ``source`` is for the spec."""

    items: int
    exactly: bool
    source: dict[str, Any]


def size_of(source: SourceSpec) -> Sized:
    """Raises BadSource, in words."""
    if source.items is not None:
        return Sized(len(source.items), True, {"items": source.items})
    if source.failed_of:
        named = {"failed_of": source.failed_of, **({"group": source.group} if source.group else {})}
        return Sized(_failed(source), True, named)
    if source.degraded_of:
        return Sized(degraded_count(source.degraded_of), True, {"degraded_of": source.degraded_of})
    return _of_file(reference_of(source))


def same_data(source: SourceSpec, items: int) -> None:
    """Raises BadSource if it is not what it was: the file's checksum, or how many items had failed."""
    if source.uri:
        summed(reference_of(source))
    elif source.failed_of and _failed(source) != items:
        raise BadSource(_("The failed items of that batch are not as many as they were."))
    elif source.degraded_of and degraded_count(source.degraded_of) != items:
        raise BadSource(_("The degraded items of that batch are not as many as they were."))


def reference_of(source: SourceSpec) -> Reference:
    """Of a source that is a file."""
    return Reference(source.uri, source.format, source.sha256, source.size)


def in_words(error: BadSource, source: SourceSpec) -> str:
    """For everybody who may see a batch: by the name of the file, not by where it lies on the server."""
    path = unquote(urlsplit(source.uri).path)
    return str(error).replace(path, path.rpartition("/")[2]) if path else str(error)


def _failed(source: SourceSpec) -> int:
    uuid = uuid_named(source.failed_of)
    return failed_rows({"failed_of": uuid, "group": source.group}).count() if uuid else 0


def _of_file(given: Reference) -> Sized:
    found = look_of(given, "")
    if found.whole:
        return Sized(found.items, True, _named(given, found.size, found.sha256))
    if found.size > SUMMED:
        said = _("What is approved is this very file, by its checksum, and one of more than %(size)s GB is not summed.")
        more = _("Split it, and start a batch for each part.")
        raise BadSource(f"{said % {'size': SUMMED // 10**9}} {more}")
    digest, lines = summed(given)
    most = lines - (given.format == CSV)  # fewer where a row has several lines
    return Sized(max(found.items, most), False, _named(given, found.size, digest))


def _named(given: Reference, size: int, digest: str) -> dict[str, Any]:
    return {**asdict(given), "size": size, "sha256": digest}


def summed(given: Reference) -> tuple[str, int]:
    """Of the whole file: its checksum, and its lines. Raises BadSource where it is not the one that was named."""
    digest, lines, last = sha256(), 0, b"\n"
    with open_reference(given, folders.readable()) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
            last = block[-1:]
    if given.sha256 and digest.hexdigest() != given.sha256.lower():
        raise BadSource(_("The file holds something else than it did: its checksum is another."))
    return digest.hexdigest(), lines + (last != b"\n")
