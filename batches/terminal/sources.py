"""Over which items a batch is started from a terminal: a file where it lies, a copy of it, or another batch's items."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from batches.starting import choosing, origins, uploads
from batches.starting.origins import Origin
from batches.terminal.exits import Exit, Stop
from batches.terminal.meant import batch_meant
from worker.chunks import folders


def origin_of(options: Mapping[str, Any], by: User) -> Origin:
    """Raises BadSource in words."""
    named = [name for name in ("file", "from_batch", "failed_of") if options[name]]
    if len(named) != 1:
        raise Stop(Exit.REFUSED, _("Say over what: one FILE, or --from-batch, or --failed-of."))
    if options["group"] and not options["failed_of"]:
        raise Stop(Exit.REFUSED, _("--group says of which cause, and goes with --failed-of."))
    if options["from_batch"]:
        return origins.again_of(batch_meant(options["from_batch"]))
    if options["failed_of"]:
        return origins.failed_of(batch_meant(options["failed_of"]), options["group"])
    return of_file(options["file"], options["format"] or "", by)


def of_file(name: str, format: str, by: User) -> Origin:
    """Below a folder that batches may read it stays where it is; from anywhere else it is copied."""
    path = _path(name)
    if any(path.is_relative_to(folder.resolve()) for folder in folders.readable()):
        return origins.of_path(path, format)
    received = uploads.copied(path)
    try:
        upload = choosing.received(received, by)
    finally:
        received.discard()
    query = {"upload": str(upload.uuid), **({"format": format} if format else {})}
    found = origins.origin_of(query, by)
    assert found is not None
    return found


def sum_of(name: str) -> str:
    """SHA-256 of a file; "" where there is none."""
    try:
        with _path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, Stop):
        return ""


def _path(name: str) -> Path:
    """Where it really lies. A pipe would be waited for without end."""
    try:
        path = Path(name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Stop(Exit.REFUSED, _("%(name)s cannot be read: %(why)s.") % {"name": name[:300], "why": why}) from None
    if not path.is_file() or not os.access(path, os.R_OK):
        said = _("%(name)s is no file, or may not be read.")
        raise Stop(Exit.REFUSED, said % {"name": name[:300]})
    return path
