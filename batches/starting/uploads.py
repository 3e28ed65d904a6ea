"""Files that people send or type to start batches over: where they are kept, and when they go."""

import json
import os
import re
import shutil
import time
import uuid as uuids
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadhandler import StopUpload
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from batches.models import Batch, Schedule, Upload
from batches.starting.receiving import COMING, FIELD, Received
from live.writes import write
from worker.datasets.references import CSV, JSONL, address_of
from worker.reading import as_uuid

LONGEST_NAME = 100
UNUSED = timedelta(days=1)
EVERY = 600.0
"""Seconds between two looks of a worker."""
PIECE = 100

_looked = float("-inf")


def folder() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def most() -> int:
    """Bytes of one."""
    return int(settings.UPLOAD_MB) * 1_000_000


# --- keeping ------------------------------------------------------------------------------------------------------


def keep(received: Received, format: str, by: User) -> Upload:
    """What was received is in its place before its row says so."""
    assert received.path is not None
    uuid, name = uuids.uuid4(), safe_name(received.name, format)
    place = folder() / str(uuid)
    place.mkdir(mode=0o700)
    os.replace(received.path, place / name)
    with write(nudge=False):
        return Upload.objects.create(
            uuid=uuid,
            user=by,
            name=name,
            uri=address_of(place / name),
            format=format,
            size=received.size,
            sha256=received.sha256,
        )


def typed(text: str, each: bool) -> Received:
    """What was typed as if it had been sent; ``each``: every line is an item, a text."""
    lines = text.replace("\r\n", "\n").split("\n")
    if each:
        lines = [json.dumps(line.strip(), ensure_ascii=False) for line in lines if line.strip()]
    return written("typed", "\n".join(lines).encode(errors="replace"))


def written(name: str, content: bytes) -> Received:
    """A file that is made here."""
    received = Received(folder(), most())
    received.new_file(FIELD, name, "", 0)
    received.receive_data_chunk(content, 0)
    received.file_complete(len(content))
    return received


def copied(path: Path) -> Received:
    """A file of this machine as if it had been sent; what was too big or could not be kept it says itself."""
    received = Received(folder(), most())
    with suppress(StopUpload), path.open("rb") as file:
        received.new_file(FIELD, path.name, "", 0)
        while piece := file.read(received.chunk_size):
            received.receive_data_chunk(piece, 0)
        received.file_complete(received.size)
    return received


def safe_name(name: str, format: str) -> str:
    """As a file may be called anywhere, ending as its format does."""
    plain = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" ._")
    stem, point, ending = plain.rpartition(".")
    ending = ending if point and ending.lower() in ("csv", "jsonl", "ndjson", "json", "txt") else ""
    stem = (stem if ending else plain) or "items"
    return f"{stem[:LONGEST_NAME]}.{ending or {CSV: 'csv', JSONL: 'jsonl'}[format]}"


def remove(upload: Upload) -> None:
    """The row first: what has none is nobody's, and goes with the leftovers."""
    with write(nudge=False):
        upload.delete()
    shutil.rmtree(folder() / str(upload.uuid), ignore_errors=True)


# --- pruning ------------------------------------------------------------------------------------------------------


def prune_due() -> int:
    """A chore of each worker; it looks now and then. How many went."""
    global _looked
    if time.monotonic() - _looked < EVERY:
        return 0
    _looked = time.monotonic()
    _prune_leftovers()
    old = [upload for upload in to_prune()[:PIECE] if not _is_run(upload)]
    for upload in old:
        remove(upload)
    return len(old)


def to_prune() -> QuerySet[Upload]:
    """Those that no batch uses, a day after they came; the others when all their batches have ended long ago.

    None over which a schedule starts batches.
    """
    now = timezone.now()
    users = Batch.objects.filter(upload=OuterRef("pk"))
    free = Upload.objects.filter(~Exists(Schedule.objects.filter(upload=OuterRef("pk"))))
    unused = Q(~Exists(users), created_at__lt=now - UNUSED)
    if settings.UPLOAD_DAYS <= 0:
        return free.filter(unused)
    before = now - timedelta(days=settings.UPLOAD_DAYS)
    needed = users.filter(Q(closed_at=None) | Q(closed_at__gt=before))
    return free.filter(unused | Q(Exists(users), ~Exists(needed)))


def _is_run(upload: Upload) -> bool:
    """A program has named it by its address."""
    return Batch.objects.filter(closed_at=None, spec__source__uri=upload.uri).exists()


def _prune_leftovers() -> None:
    """What a sudden end has left: half an upload, a folder without its row. Files of others stay; all stays where no
    row is known: then it is another database.
    """
    if not folder().is_dir() or not Upload.objects.exists():
        return
    old = time.time() - UNUSED.total_seconds()
    for entry in os.scandir(folder()):
        if entry.stat(follow_symlinks=False).st_mtime > old:
            continue
        if entry.name.startswith(COMING):
            Path(entry.path).unlink(missing_ok=True)
        elif entry.is_dir(follow_symlinks=False) and _is_nobodys(entry.name):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_nobodys(name: str) -> bool:
    uuid = as_uuid(name)
    return uuid is not None and not Upload.objects.filter(uuid=uuid).exists()
