"""Writes down what a data set has to say: its row, and the ledger where it begins and ends; however often, once."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from audit.canonical import plain
from audit.models import Entry
from audit.services import append
from batches.models import DataSet
from live.writes import write
from worker.batch_wire import BatchRef
from worker.dataset_contract import DatasetNews
from worker.reading import as_uuid

PREFIX = "dataset-"
NAMESPACE = uuid.UUID("0d0c6a0e-1c1f-4b52-9b0e-5d2f60f2a7c4")
ENDED = tuple(DataSet.State(name) for name in ("completed", "failed", "cancelled", "invalid", "terminated"))
IN_LEDGER = ("status", "step", "reason", "errors", "size", "sha256", "cleaned", "by")


def record(given: DatasetNews) -> None:
    """In one transaction. Of two tellings the later one counts; what was closed stays so."""
    with write():
        row = _row_of(given)
        if given.number <= row.written or row.closed_at:
            return
        if not row.written:
            _begun(row, given)
        row.written, row.told, row.state = given.number, plain(given.told), given.told["state"]
        row.size = given.told.get("size")
        if given.result is not None:
            close(row, given.result)
        row.save()


def close(row: DataSet, result: dict[str, Any], *, at: datetime | None = None) -> None:
    """The caller holds the transaction, and saves."""
    status = result.get("status")
    row.state = DataSet.State(status) if status in ENDED else DataSet.State.COMPLETED
    row.result, row.closed_at, row.missing_since = plain(result), at or timezone.now(), None
    row.size = result.get("size") or row.size
    _append(row, "closed", {name: result[name] for name in IN_LEDGER if name in result})


def _begun(row: DataSet, given: DatasetNews) -> None:
    told = given.told
    row.title, row.requester = told.get("title", ""), row.requester or told.get("requester", "")
    row.loader, row.processor, row.kind = (told.get(name, "") for name in ("loader", "processor", "kind"))
    row.save()
    named = {name: value for name, value in told.items() if name not in ("state", "steps", "size", "sha256")}
    _append(row, "begun", named, actor=row.requester, known=row.known)


def _append(row: DataSet, kind: str, data: dict[str, Any], *, actor: str = "", known: str = "") -> None:
    append(
        stream=row.stream,
        kind=f"dataset.{kind}",
        actor=actor or "system",
        known=known if actor else Entry.Known.SYSTEM,
        workflow_id=row.workflow_id,
        run_id=row.first_run_id,
        data=data,
    )


def _row_of(given: DatasetNews) -> DataSet:
    """Made if need be, and locked. One ordered on the site has it already, if it is started with what was ordered."""
    ref = given.ref
    found = _locked().filter(workflow_id=ref.workflow_id, first_run_id=ref.first_run_id).first()
    if found is not None:
        return found
    ordered = _locked().filter(workflow_id=ref.workflow_id, first_run_id="", closed_at=None).first()
    if ordered is not None and _is_of(given.told, ordered.payload or {}):
        ordered.first_run_id = ref.first_run_id
        ordered.save(update_fields=["first_run_id"])
        return ordered
    return DataSet.objects.create(uuid=_free(ref), workflow_id=ref.workflow_id, first_run_id=ref.first_run_id)


def _locked() -> QuerySet[DataSet]:
    return DataSet.objects.select_for_update()


def _is_of(told: dict[str, Any], ordered: dict[str, Any]) -> bool:
    """Whoever starts a workflow under the id of an order, with another spec, does not become what was ordered."""
    return all(told.get(name) == value for name, value in ordered.items())


def _free(ref: BatchRef) -> uuid.UUID:
    """That of ``dataset-<uuid>`` where it is free, else one made of workflow id and run id."""
    wanted = as_uuid(ref.workflow_id.removeprefix(PREFIX)) if ref.workflow_id.startswith(PREFIX) else None
    if wanted and not DataSet.objects.filter(uuid=wanted).exists():
        return wanted
    return uuid.uuid5(NAMESPACE, f"{ref.workflow_id}/{ref.first_run_id}")
