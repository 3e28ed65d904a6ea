"""What can be started from a batch: the same again, or its failed items; and if not, why not."""

from dataclasses import dataclass

from batches.models import Batch, Kind
from batches.starting.origins import again_of, degraded_of, failed_of
from worker.chunks import folders
from worker.datasets.references import BadSource, open_reference


@dataclass(frozen=True)
class Offered:
    """``why_not``: why it cannot be started again, in a sentence; ``failed``: so many that can be run by themselves, of
    which the job said of ``final`` that no other try will help.
    """

    why_not: str = ""
    failed: int = 0
    final: int = 0
    degraded: int = 0
    """So many were served by others, and can be served again by themselves."""


def offered(row: Batch) -> Offered:
    if row.kind == Kind.MAPREDUCE:
        return Offered(_why_not(row))
    failed = _failed(row)
    final = row.failures.filter(final=True).count() if failed else 0
    return Offered(_why_not(row), failed, final, _degraded(row))


def _why_not(row: Batch) -> str:
    """A look whether its source is there, not into it."""
    try:
        origin = again_of(row)
        if origin.reference:
            open_reference(origin.reference, folders.readable()).close()
    except BadSource as error:
        return str(error)
    return ""


def _degraded(row: Batch) -> int:
    try:
        degraded_of(row)
    except BadSource:
        return 0
    return row.degraded


def _failed(row: Batch) -> int:
    if row.closed_at is None or not row.failed:
        return 0
    try:
        failed_of(row)
    except BadSource:
        return 0
    return row.failures.count()
