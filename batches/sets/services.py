"""What ops order of data sets: one that is started, one that is cancelled. The order is kept first, then it is sent."""

import uuid as uuids
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import inputs
from audit.models import Entry
from audit.services import append
from batches.models import DataSet
from batches.sets import sending
from batches.sets.recording import PREFIX
from circuits.access import is_ops
from live.writes import write
from worker.dataset_contract import FS, DatasetSpec, read_spec
from worker.datasets import kinds
from worker.datasets.named import loader_of, processor_of
from worker.datasets.references import BadSource

LONGEST_REASON = 2_000


def begin(*, spec: Mapping[str, Any], by: User, uuid: uuids.UUID) -> DataSet:
    """The same ``uuid`` twice is one data set. With Temporal away it starts by itself later.

    Raises PermissionDenied for who is not of ops, ValidationError with sentences by key of the contract.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may start a data set."))
    given = {**spec, "requester": by.get_username()}
    read = checked(given)
    try:
        row = _kept(given, read, by, uuid)
    except IntegrityError:  # the same form, a moment before, on another connection
        row = _kept(given, read, by, uuid)
    if not row.first_run_id and row.closed_at is None:
        sending.start(row)
        row.refresh_from_db()
    return row


def checked(given: Mapping[str, Any]) -> DatasetSpec:
    """As the workflow will read it, and its functions and storage as they are known here. Raises ValidationError."""
    spec, wrong = read_spec(given)
    errors: dict[str, list[str]] = {}
    for sentence in wrong:
        errors.setdefault(sentence.split()[0], []).append(sentence)
    looks: dict[str, Callable[[], Any]] = {
        "loader": lambda: loader_of(str(given.get("loader")), given.get("loader_args") or {}),
        "processor": lambda: processor_of(str(given.get("processor")), given.get("processor_args") or {}),
        "kind": lambda: kinds.kind_of(str(given.get("kind") or FS)),
    }
    for key, look in looks.items():
        try:
            if key not in errors:
                look()
        except BadSource as error:
            errors[key] = [str(error)]
    if errors or spec is None:
        raise ValidationError({**errors})
    return spec


def _kept(given: dict[str, Any], read: DatasetSpec, by: User, uuid: uuids.UUID) -> DataSet:
    with write():
        row = DataSet.objects.filter(uuid=uuid).first()
        if row and row.user_id == by.pk:
            return row
        if row:
            raise ValidationError({"__all__": [_("This id is that of somebody else's data set. Nothing was started.")]})
        row = DataSet.objects.create(
            uuid=uuid,
            workflow_id=f"{PREFIX}{uuid}",
            title=read.title,
            loader=read.load.loader,
            processor=read.processor,
            kind=read.load.kind,
            requester=by.get_username(),
            user=by,
            payload=given,
        )
        _enter(row, "dataset.ordered", given, by)
    return row


def cancel(*, row: DataSet, reason: str, by: User) -> bool:
    """Whether it was still to be ended. Said twice it is one order, and the first reason stands."""
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may cancel a data set."))
    said = inputs.line_of(reason, LONGEST_REASON, _("Say why: whoever waits for it reads your reason."))
    order = {"cancelled_by": by.get_username(), "cancel_reason": said, "cancel_at": timezone.now()}
    with write():
        if not DataSet.objects.filter(pk=row.pk, closed_at=None, cancel_at=None).update(**order):
            return False
        _enter(row, "dataset.cancel_ordered", {"reason": said}, by)
    row.refresh_from_db()
    sending.cancel(row)
    return True


def _enter(row: DataSet, kind: str, data: dict[str, Any], by: User) -> None:
    append(
        stream=row.stream,
        kind=kind,
        actor=by.get_username(),
        known=Entry.Known.SIGNED_IN,
        workflow_id=row.workflow_id,
        run_id=row.first_run_id,
        data=data,
    )
