"""What a batch has done whose workflow ended without a word: counted from its notes, and its results gathered.

Every round that has not ended is overtaken first: a chunk that still runs somewhere says nothing more then.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from worker.chunks import folders, gathering, notes
from worker.chunks.notes import Notes
from worker.resilience.ranges import Ranges

_NAME = re.compile(r"(\d+)-(\d+)\.(?:slots|json)")


@dataclass(frozen=True)
class Counted:
    """Items that went well; ``degraded``: not as well as they should. Who failed, the database knows."""

    succeeded: int = 0
    degraded: int = 0


def end(uuid: str) -> Counted | None:
    """None where nothing is left to count from. Asked again it says the same, until the results are gathered."""
    rounds = sorted(_rounds(uuid))
    if not rounds:
        return None
    succeeded = degraded = 0
    for chunk, round in rounds:
        kept = _ended(uuid, chunk, round)
        well = len(Ranges(kept.done)) - kept.failed - kept.degraded
        succeeded += well
        degraded += -well if kept.redo else kept.degraded
    return Counted(succeeded, degraded)


def look(uuid: str, but: Collection[int]) -> Counted:
    """The same of all rounds but these, which go on; nobody is overtaken."""
    succeeded = degraded = 0
    for chunk, round in sorted(set(_rounds(uuid))):
        if round not in but:
            kept = _noted(uuid, chunk, round)
            succeeded += len(Ranges(kept.done)) - kept.failed - kept.degraded
            degraded += kept.degraded
    return Counted(succeeded, degraded)


def gather(uuid: str) -> dict[str, Any] | None:
    """Its results as one file, and nothing left to go on from."""
    return gathering.gather(uuid, lambda _number: None)


def _noted(uuid: str, chunk: int, round: int) -> notes.Checkpoint:
    try:
        return notes.checkpoint(folders.work_of(uuid) / f"{chunk:08}-{round:08}.json")
    except FileNotFoundError:
        return notes.Checkpoint()


def _ended(uuid: str, chunk: int, round: int) -> notes.Checkpoint:
    held = Notes(uuid, chunk, round)
    try:
        held.finish()
        return held.kept
    finally:
        held.close()


def _rounds(uuid: str) -> Iterator[tuple[int, int]]:
    try:
        names = [each.name for each in folders.work_of(uuid).iterdir()]
    except FileNotFoundError:
        return
    yield from {(int(found[1]), int(found[2])) for name in names if (found := _NAME.fullmatch(name))}
