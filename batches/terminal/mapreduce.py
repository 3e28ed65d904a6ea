"""Start a MapReduce from a terminal, over a file."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from audit.models import Entry
from batches.models import Batch, Kind
from batches.starting import mapreduce, uploads
from batches.starting.origins import Origin
from batches.starting.seeing import see
from batches.terminal.exits import Exit, Stop, refused
from batches.terminal.sources import of_file
from batches.terminal.starting import Begun

NAMES = ("map_activity", "reduce_activity", "chunk_size", "max_parallel", "item_key", "on_tolerance", "fan_in")


def begin(options: Mapping[str, Any], by: User) -> Begun:
    """The same id again is the same MapReduce. A copy in vain is removed."""
    uuid = options["id"] or uuid4()
    if (before := Batch.objects.filter(uuid=uuid).first()) is not None:
        return Begun(_same(before, options, by), new=False)
    origin = of_file(options["file"], options["format"] or "", by)
    try:
        seen = see(origin, options["item_key"] or "")
        if seen.key_problem:
            raise refused({"item_key": [seen.key_problem]})
        row = mapreduce.begin(
            source=seen.source,
            call=_call(options, origin),
            by=by,
            uuid=uuid,
            upload=origin.upload,
            known=Entry.Known.PROGRAM,
        )
        return Begun(row, new=True, unread=seen.look.bad if seen.look else 0)
    finally:
        if origin.upload and not Batch.objects.filter(upload=origin.upload).exists():
            uploads.remove(origin.upload)


def _same(row: Batch, options: Mapping[str, Any], by: User) -> Batch:
    asked = (options["map_activity"], options["reduce_activity"])
    if row.user_id != by.pk or row.kind != Kind.MAPREDUCE or asked != (row.job, row.spec.get("reduce")):
        raise Stop(Exit.REFUSED, _("Under this id something else was started before. Nothing was started."))
    return row


def _call(options: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    share = options["tolerated"]
    return {
        **{name: options[name] for name in NAMES},
        "title": options["title"] or origin.initial.get("title"),
        "tolerated_failure_rate": None if share is None else share / 100,
        "map_args": _arguments(options["map_arg"]),
        "reduce_args": _arguments(options["reduce_arg"]),
    }


def _arguments(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise refused({"arg": [_("%(text)s: write NAME=VALUE, each name once.") % {"text": text[:80]}]})
        found[name] = value
    return found
