"""A batch gets its row and its public name, whoever started it and under whatever workflow id."""

import uuid
from dataclasses import asdict
from typing import Any

from django.db.models import Q

from batches.models import HELD_BACK, Batch, Kind, State
from live.writes import write
from worker.batch_contract import PREFIX, BatchSpec
from worker.batch_wire import BatchRef, PrepareBatch
from worker.mapreduce_contract import MapReduceSpec
from worker.mapreduce_wire import PrepareMapReduce
from worker.reading import as_uuid

NAMESPACE = uuid.UUID("6f4f1d0e-7a4c-4e3f-9d55-0b6d0d4c5a11")


def begin(given: PrepareBatch | PrepareMapReduce) -> str:
    """The batch's uuid. Safe to ask again."""
    with write():
        row = row_of(given.ref, given.spec)
        if not row.title:
            spec = given.spec
            row.title, row.job, row.requester = spec.title, spec.job, spec.requester
            row.spec, row.kind = kept(spec), kind_of(spec)
            row.save()
    return str(row.uuid)


def row_of(ref: BatchRef, spec: BatchSpec | None = None) -> Batch:
    """Made if need be, and locked; the caller holds the transaction. One ordered on the site has it already."""
    found = Batch.objects.select_for_update().filter(workflow_id=ref.workflow_id, first_run_id=ref.first_run_id).first()
    if found is not None:
        return found
    ordered = Batch.objects.select_for_update().filter(workflow_id=ref.workflow_id, first_run_id="").first()
    if ordered is not None and _may_begin(ordered) and (spec is None or _is_of(spec, ordered)):
        ordered.first_run_id = ref.first_run_id
        ordered.save(update_fields=["first_run_id"])
        return ordered
    return Batch.objects.create(uuid=_free(ref), workflow_id=ref.workflow_id, first_run_id=ref.first_run_id)


def _may_begin(ordered: Batch) -> bool:
    """Whoever starts a workflow under the id of an order that nobody has approved, does not begin that."""
    return ordered.state not in (*HELD_BACK, State.DECLINED)


def _is_of(spec: BatchSpec, ordered: Batch) -> bool:
    """Whoever starts a workflow under the id of an order, with another spec, does not become what was ordered."""
    return _says(ordered.spec, kept(spec))


def _says(ordered: dict[str, Any], read: dict[str, Any]) -> bool:
    """In all that it names: one that was kept by an older release does not know the newest keys."""
    source = ordered.get("source") or {}
    return all(source.get(name, value) == value for name, value in read["source"].items()) and all(
        ordered.get(name, value) == value for name, value in read.items() if name != "source"
    )


def _free(ref: BatchRef) -> uuid.UUID:
    """That of ``batch-<uuid>`` where it is free, else one made of workflow id and run id."""
    wanted = as_uuid(ref.workflow_id.removeprefix(PREFIX)) if ref.workflow_id.startswith(PREFIX) else None
    if wanted and not Batch.objects.filter(uuid=wanted).exists():
        return wanted
    return uuid.uuid5(NAMESPACE, f"{ref.workflow_id}/{ref.first_run_id}")


def kept(spec: BatchSpec) -> dict[str, Any]:
    """The spec as it is kept: of inline items, which lie in a file, only how many they were."""
    whole = asdict(spec)
    items = whole["source"].pop("items")
    if items is not None:
        whole["source"]["inline"] = len(items)
    return whole


def kind_of(spec: BatchSpec) -> Kind:
    return Kind.MAPREDUCE if isinstance(spec, MapReduceSpec) else Kind.BATCH


def uuid_named(name: str) -> str | None:
    """Of the batch that somebody means by its uuid, or by its workflow id: then the last one under it."""
    meant = Q(workflow_id=name)
    if found := as_uuid(name):
        meant |= Q(uuid=found)
    row = Batch.objects.filter(meant).order_by("-pk").first()
    return str(row.uuid) if row else None
