"""The folders of batches: deleted some days after their end, with an entry in the ledger; and those without a batch."""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Entry
from audit.services import append
from batches.models import Batch
from live.writes import write
from worker.chunks import folders
from worker.reading import as_uuid

log = logging.getLogger(__name__)

EVERY, ORPHANS_EVERY = 60.0, 3_600.0
PIECE = 20
ORPHANED = timedelta(days=7)
"""A folder without a batch is let be for so long: the row may come back with a copy of the database."""

_next = _next_orphans = 0.0


def clear_due() -> int:
    """A chore of each worker; it looks now and then. How many folders went."""
    global _next, _next_orphans
    now = time.monotonic()
    if now < _next or not _home().is_dir():
        return 0
    _next = now + EVERY
    cleared = sum(clear(row) for row in to_clear()[:PIECE])
    if now >= _next_orphans:
        _next_orphans = now + ORPHANS_EVERY
        cleared += sum(_delete(folder) for folder in orphans())
    return cleared


def _home() -> Path:
    return folders.folder_of("")


def to_clear() -> QuerySet[Batch]:
    """Not those whose failed items somebody is just about to read."""
    if settings.BATCH_DAYS <= 0:
        return Batch.objects.none()
    read = Batch.objects.filter(closed_at=None).values_list("spec__source__failed_of", flat=True)
    wanted = [uuid for each in read if (uuid := as_uuid(each))]
    before = timezone.now() - timedelta(days=settings.BATCH_DAYS)
    rows = Batch.objects.filter(closed_at__lt=before, cleared_at=None).exclude(uuid__in=wanted)
    return rows.only("pk", "uuid").order_by("closed_at")


def clear(row: Batch) -> bool:
    """First it is said, then done: should this end in between, the folder is one without a batch."""
    folder = folders.folder_of(str(row.uuid))
    with write():
        fresh = Batch.objects.select_for_update().get(pk=row.pk)
        if fresh.cleared_at is not None or fresh.closed_at is None:
            return False
        fresh.cleared_at = timezone.now()
        fresh.save(update_fields=["cleared_at"])
        if folder.is_dir():
            data = {"title": fresh.title, "days": settings.BATCH_DAYS, "results": (fresh.result or {}).get("results")}
            append(stream=fresh.stream, kind="batch.cleared", actor="system", known=Entry.Known.SYSTEM, data=data)
    return _delete(folder)


def orphans() -> Iterator[Path]:
    """Folders whose batch was deleted here, or is not known. If none is known, it is another database, and all stay."""
    found = {uuid: Path(each.path) for each in os.scandir(_home()) if each.is_dir() and (uuid := as_uuid(each.name))}
    known = {row.uuid: row for uuid in found for row in Batch.objects.filter(uuid=uuid).only("uuid", "cleared_at")}
    if not known:
        return
    old = time.time() - ORPHANED.total_seconds()
    for uuid, folder in found.items():
        row = known.get(uuid)
        if (row is None and folder.stat().st_mtime < old) or (row is not None and row.cleared_at is not None):
            yield folder


def _delete(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    log.info("The folder %s was deleted.", folder)
    return True
