"""Failures or results to stdout or into a new file: whole, or not there."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from batches import exports, finding
from batches.models import Batch
from batches.terminal.exits import Exit, Stop
from batches.terminal.meant import batch_meant
from batches.terminal.screen import Screen


def export(options: Mapping[str, Any], screen: Screen) -> Exit:
    row = batch_meant(options["batch"])
    if options["of"] == exports.RESULTS and (problem := finding.gone(row) or exports.unreadable(row)):
        raise Stop(Exit.REFUSED if row.cleared_at else Exit.UNKNOWN, problem)
    if options["of"] == exports.GROUPS and not row.item_groups.exists():
        said = _("%(batch)s was not grouped by a column, or has not ended: there are no groups to export.")
        raise Stop(Exit.REFUSED, said % {"batch": row.reference})
    pieces = exports.texts(row, options["of"], options["format"], options["group"])
    if not options["out"]:
        return _to_stdout(pieces, screen)
    path = Path(options["out"])
    size = _to_file(pieces, path)
    said = _("%(name)s: %(size)s bytes.") % {"name": path, "size": f"{size:,}"}
    data = {"reference": row.reference, "uuid": str(row.uuid), "file": str(path), "size": size, "whole": _whole(row)}
    screen.tell(data, said if _whole(row) else f"{said} {_('The batch goes on: this is not all.')}")
    return Exit.OK


def _whole(row: Batch) -> bool:
    return row.closed_at is not None


def _to_stdout(pieces: exports.Pieces, screen: Screen) -> Exit:
    """The file itself, whether or not JSON is asked for."""
    for piece in pieces:
        screen.out.write(piece, ending="")
    return Exit.OK


def _to_file(pieces: exports.Pieces, path: Path) -> int:
    """Under its name once all of it is written; what is there already stays."""
    half = None
    try:
        number, half = tempfile.mkstemp(dir=path.parent, prefix=".leitstand-")
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        os.link(half, path)
        return path.stat().st_size
    except OSError as error:
        why = error.strerror or str(error)
        raise Stop(Exit.REFUSED, _("%(name)s cannot be written: %(why)s.") % {"name": path, "why": why}) from None
    finally:
        if half:
            Path(half).unlink(missing_ok=True)
