"""What lies outside Temporal, what of it is damaged, and what may go because no workflow refers to it any longer."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from worker.datasets import kinds
from worker.payloads.config import config
from worker.payloads.folder import Blob
from worker.payloads.places import payload_places
from worker.payloads.referring import Asking, Referred, State
from worker.payloads.troubles import NotRead

HALF_WRITTEN = 3_600.0
"""Seconds after which nobody is writing a file any more."""


class Place(Protocol):
    """Where blobs lie."""

    def all(self) -> Iterator[Blob]: ...
    def verify(self, key: str) -> int: ...
    def remove(self, key: str, unless_since: float = ...) -> bool: ...
    def leftovers(self, older_than: float) -> list[Path]: ...


@dataclass(frozen=True)
class Found:
    """A blob, where it lies, and whether its workflow is still known. None: it does not say whose it is."""

    place: str
    blob: Blob
    state: State | None


@dataclass(frozen=True)
class Wrong:
    """A file that is damaged, or that is missing and referred to; with the workflow, as far as that is known."""

    place: str
    key: str
    cause: str
    sentence: str
    workflow_id: str = ""
    run_id: str = ""


@dataclass
class Swept:
    """``went``: or would go. ``half``: what writers that died had left."""

    went: list[Found] = field(default_factory=list)
    kept: int = 0
    unsure: int = 0
    """Kept, for Temporal gave no answer, or the file does not say whose it is."""
    half: list[Path] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(each.blob.size for each in self.went)


def places() -> dict[str, Place]:
    """By name: of payloads, and of data sets by their kind."""
    sets = {f"datasets-{name}": kept for name, kept in kinds.all_kinds().items()} if config.folder else {}
    return {**payload_places(), **sets}


def found(among: Mapping[str, Place], asking: Asking) -> Iterator[Found]:
    """Workflow by workflow, the oldest first within each."""
    for name, place in among.items():
        for blob in place.all():
            yield Found(name, blob, asking.state_of(blob.owner) if blob.owner else None)


def verify(among: Mapping[str, Place]) -> Iterator[tuple[str, Blob, Wrong | None]]:
    """Each of them, read through."""
    for name, place in among.items():
        for blob in place.all():
            try:
                place.verify(blob.key)
            except NotRead as trouble:
                yield name, blob, _wrong(name, blob, trouble)
            else:
                yield name, blob, None


def _wrong(name: str, blob: Blob, trouble: NotRead) -> Wrong:
    owner = blob.owner
    known = (owner.workflow_id, owner.run_id) if owner else ("", "")
    return Wrong(name, blob.key, trouble.cause, str(trouble), *known)


def missing(referred: Iterable[Referred]) -> Iterator[Wrong]:
    """What workflows refer to, and cannot have: each of them waits."""
    among = payload_places()
    for each in referred:
        name = next((place for place, driver in _DRIVERS.items() if driver == each.driver), "")
        if name not in among:
            continue
        try:
            among[name].verify(each.key)
        except NotRead as trouble:
            yield Wrong(name, each.key, trouble.cause, str(trouble), each.workflow_id, each.run_id)


_DRIVERS = {"payloads": "leitstand.folder", "bucket": "aws.s3driver"}
"""Who is named in references to what lies there. Data sets pass by references of their own, within their run."""


def sweep(among: Mapping[str, Place], asking: Asking, *, grace: float, delete: bool) -> Swept:
    """What has lain for longer than ``grace`` seconds, whose workflow Temporal has forgotten, and that nobody else
    refers to. Raises ClientError."""
    before, done = time.time() - grace, Swept()
    for name, place in among.items():
        for each in found({name: place}, asking):
            if each.state is None or each.state is State.UNKNOWN:
                done.unsure += 1
            elif _may_go(each, before, asking) and (not delete or place.remove(each.blob.key, each.blob.at)):
                done.went.append(each)
            else:
                done.kept += 1
        done.half += _halves(place, delete)
    return done


def _may_go(each: Found, before: float, asking: Asking) -> bool:
    """The last is asked only where something may go: it reads all histories, once."""
    if each.state is not State.GONE or each.blob.at >= before:
        return False
    return each.place not in _DRIVERS or (_DRIVERS[each.place], each.blob.key) not in asking.in_use


def _halves(place: Place, delete: bool) -> list[Path]:
    half = place.leftovers(HALF_WRITTEN)
    if delete:
        drop(half)
    return half


def drop(half: Iterable[Path]) -> None:
    """What writers that died have left."""
    for path in half:
        path.unlink(missing_ok=True)
