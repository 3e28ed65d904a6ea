"""What a new batch begins with: an upload, a file in a folder, the items of another batch, or its failed ones."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.beginning import uuid_named
from batches.models import Batch, Failure, Kind, Upload
from batches.starting import places
from batches.starting.filled import filled_in
from worker.chunks import degraded, folders
from worker.chunks.reading import items_of
from worker.datasets.looking import Look, format_of, look
from worker.datasets.references import FORMATS, JSONL, BadSource, Reference, address_of, open_reference
from worker.reading import as_uuid

BEGIN = 4_096
ALL = "100"
"""Percent: what has failed before may fail again, and the share of a whole batch says nothing about that."""


@dataclass(frozen=True)
class Origin:
    """``query`` names it in the address. ``source`` is for the spec; it is completed by what a look finds."""

    query: Mapping[str, str]
    name: str
    source: dict[str, Any]
    reference: Reference | None = None
    upload: Upload | None = None
    follows: Batch | None = None
    initial: Mapping[str, str] = field(default_factory=dict)
    """What the form begins with."""
    items: tuple[Any, ...] = ()
    """Those of a batch that was given them in its spec."""

    @property
    def address(self) -> str:
        return urlencode(self.query)

    @property
    def kind(self) -> Kind:
        """What is made of it: as the address says, else the same as what it follows."""
        if self.query.get("do") in Kind.values:
            return Kind(self.query["do"])
        return Kind(self.follows.kind) if self.follows else Kind.BATCH

    def ways(self) -> list[tuple[Kind, str]]:
        """All that can be made of it, each with its address."""
        return [(kind, urlencode({**self.query, "do": kind})) for kind in Kind]

    @property
    def is_failed(self) -> bool:
        return "failed_of" in self.source

    @property
    def is_degraded(self) -> bool:
        return "degraded_of" in self.source


def origin_of(asked: Mapping[str, str], by: User) -> Origin | None:
    """None where nothing is chosen yet. Raises Http404 for what is not there or not theirs, BadSource in words."""
    found, do = _chosen(asked, by), asked.get("do")
    return replace(found, query={**found.query, "do": do}) if found and do in Kind.values else found


def _chosen(asked: Mapping[str, str], by: User) -> Origin | None:
    if "upload" in asked:
        return _of_upload(asked["upload"], asked.get("format", ""), by)
    if "file" in asked:
        return _of_file(asked["file"], asked.get("format", ""))
    if "failed_of" in asked:
        return failed_of(_batch(asked["failed_of"]), asked.get("group", ""))
    if "degraded_of" in asked:
        return degraded_of(_batch(asked["degraded_of"]))
    if "again" in asked:
        return again_of(_batch(asked["again"]))
    return None


def _of_upload(uuid: str, format: str, by: User) -> Origin:
    upload = Upload.objects.filter(uuid=_uuid_or_404(uuid), user=by).first()
    if upload is None:
        raise Http404
    chosen = format if format in FORMATS else upload.format
    reference = Reference(upload.uri, chosen, upload.sha256, upload.size)
    return Origin(
        {"upload": uuid, **_beside(format)}, upload.name, {}, reference, upload, initial={"title": _titled(upload.name)}
    )


def _of_file(token: str, format: str) -> Origin:
    return of_path(places.path_of(token), format, {"file": token})


def of_path(path: Path, format: str, query: Mapping[str, str] = MappingProxyType({})) -> Origin:
    """A file where it lies; whoever opens it looks whether it may be read there."""
    chosen = format if format in FORMATS else _recognised(path)
    return Origin(
        {**query, **_beside(format)},
        path.name,
        {},
        Reference(address_of(path), chosen),
        initial={"title": _titled(path.name)},
    )


def _beside(format: str) -> dict[str, str]:
    return {"format": format} if format in FORMATS else {}


def _recognised(path: Path) -> str:
    with open_reference(Reference(address_of(path)), folders.readable()) as file:
        return format_of(path.name, file.read(BEGIN))


def _titled(name: str) -> str:
    return name.rpartition(".")[0].replace("_", " ").strip() or name


# --- of another batch ----------------------------------------------------------------------------------------------


def _batch(uuid: str) -> Batch:
    found = Batch.objects.filter(uuid=_uuid_or_404(uuid)).first()
    if found is None:
        raise Http404
    return found


def failed_of(batch: Batch, group: str = "") -> Origin:
    """Its failed items, all or those of one cause, under the keys that they had there."""
    if batch.closed_at is None:
        raise BadSource(_("%(batch)s has not ended: run its failed items again on its own page.") % _named(batch))
    if batch.cleared_at:
        raise BadSource(_("What %(batch)s left was deleted: its failed items cannot be run again.") % _named(batch))
    query = {"failed_of": str(batch.uuid), **({"group": group} if group else {})}
    number = failed_rows(query).count()
    if not number and group:
        raise BadSource(_("No item of %(batch)s has failed for this cause, so there is nothing to do.") % _named(batch))
    if not number:
        raise BadSource(_("No item of %(batch)s has failed, so there is nothing to do.") % _named(batch))
    _check_data(batch)
    said = ngettext("the failed item of %(batch)s", "the %(number)s failed items of %(batch)s", number)
    if group:
        said = ngettext(
            "the item of %(batch)s that failed for one cause",
            "the %(number)s items of %(batch)s that failed for one cause",
            number,
        )
    name = said % {"number": f"{number:,}", **_named(batch)}
    title = _("%(title)s, what failed") % {"title": str(batch)[:180]}
    return Origin(query, name, query, follows=batch, initial={**filled_in(batch), "title": title, "tolerated": ALL})


def degraded_of(batch: Batch) -> Origin:
    """What others served in it in the place of its job, under the keys that these items had there."""
    if batch.closed_at is None:
        raise BadSource(_("%(batch)s has not ended: serve its degraded items again on its own page.") % _named(batch))
    if batch.cleared_at:
        raise BadSource(
            _("What %(batch)s left was deleted: its degraded items cannot be served again.") % _named(batch)
        )
    if not batch.degraded:
        raise BadSource(_("No item of %(batch)s is degraded, so there is nothing to do.") % _named(batch))
    _check_data(batch)
    said = ngettext("the degraded item of %(batch)s", "the %(number)s degraded items of %(batch)s", batch.degraded)
    query = {"degraded_of": str(batch.uuid)}
    title = _("%(title)s, what others served") % {"title": str(batch)[:180]}
    name = said % {"number": f"{batch.degraded:,}", **_named(batch)}
    return Origin(query, name, query, follows=batch, initial={**filled_in(batch), "title": title})


def degraded_first(uuid: str, most: int) -> list[list[str]]:
    """Key, and who served it, of the first ones."""
    size = folders.order_of(uuid).data.chunk_size
    found = islice(degraded.numbers(uuid), most)
    return [[items_of(uuid, number // size)[number % size].key, rung] for number, rung in found]


def _check_data(batch: Batch) -> None:
    """The items are read where they were read before. Raises BadSource if that is gone."""
    if batch.data:
        data = Reference(batch.data["uri"], batch.data["format"], size=batch.data["size"])
        open_reference(data, folders.readable_for(str(batch.uuid))).close()


def again_of(batch: Batch) -> Origin:
    """The same spec, if what it was about is still there."""
    query, source = {"again": str(batch.uuid)}, batch.spec.get("source") or {}
    if source.get("failed_of"):
        begun = failed_of(_older(batch, str(source["failed_of"])), str(source.get("group") or ""))
        return replace(begun, query=query, follows=batch, initial=filled_in(batch))
    if source.get("degraded_of"):
        begun = degraded_of(_older(batch, str(source["degraded_of"])))
        return replace(begun, query=query, follows=batch, initial=filled_in(batch))
    if source.get("inline"):
        return _inline(batch, query)
    if not source.get("uri"):
        raise BadSource(_("What %(batch)s was to do was never read, so it cannot be done again.") % _named(batch))
    reference = Reference(source["uri"], source["format"], source.get("sha256") or "", source.get("size"))
    upload = batch.upload or Upload.objects.filter(uri=reference.uri).first()
    name = upload.name if upload else unquote(reference.uri.rpartition("/")[2])
    return Origin(query, name, {}, reference, upload, batch, filled_in(batch))


def _older(batch: Batch, of: str) -> Batch:
    """That whose failed or degraded items it was about."""
    named = Batch.objects.filter(uuid=uuid) if (uuid := as_uuid(of)) else Batch.objects.filter(workflow_id=of)
    older = named.order_by("-pk").first()
    if older is None:
        raise BadSource(_("The batch whose items %(batch)s ran again is not known any more.") % _named(batch))
    return older


def _inline(batch: Batch, query: Mapping[str, str]) -> Origin:
    """A program gave it its items; they lie in its folder, each with the key that it had."""
    kept = Reference(address_of(folders.folder_of(str(batch.uuid)) / "items.jsonl"), JSONL)
    with open_reference(kept, folders.readable_for(str(batch.uuid))) as file:
        lines = [json.loads(line) for line in file]
    items = tuple(line["value"] for line in lines if "value" in line)
    name = ngettext("the item of %(batch)s", "the %(number)s items of %(batch)s", len(items))
    said = name % {"number": f"{len(items):,}", **_named(batch)}
    return Origin(query, said, {"items": list(items)}, None, None, batch, filled_in(batch), items)


def _named(batch: Batch) -> dict[str, str]:
    return {"batch": batch.reference}


def _uuid_or_404(text: str) -> UUID:
    if (uuid := as_uuid(text)) is None:
        raise Http404
    return uuid


# --- looked at -----------------------------------------------------------------------------------------------------


def look_of(reference: Reference, key_column: str) -> Look:
    """Looked at once, for as long as it is the same file. Raises BadSource."""
    with open_reference(reference, folders.readable()) as file:
        found = os.fstat(file.fileno())
    same = (found.st_ino, found.st_size, found.st_mtime_ns)
    seen = _looked(reference, "", same)
    if not key_column:
        return seen
    return _looked(replace(reference, sha256=seen.sha256), key_column, same)  # it is not summed again


@lru_cache(8)
def _looked(reference: Reference, key_column: str, _same: tuple[int, int, int]) -> Look:
    return look(reference, folders.readable(), key_column=key_column)


def failed_rows(source: Mapping[str, str]) -> QuerySet[Failure]:
    """What a source means that names the failed items of a batch by its uuid, and perhaps one cause of them."""
    rows = Failure.objects.filter(batch__uuid=source["failed_of"]).order_by("number")
    return rows.filter(fingerprint=source["group"]) if source.get("group") else rows


def degraded_count(named: str) -> int:
    """Of a batch by its uuid or workflow id, as it ended."""
    uuid = uuid_named(named)
    return Batch.objects.values_list("degraded", flat=True).get(uuid=uuid) if uuid else 0
