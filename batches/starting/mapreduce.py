"""How a MapReduce is begun here: as a batch is, the order is committed first, its workflow is started afterwards.

Nobody has to approve it: it reads and reckons, and calls nobody.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext as _

from audit.models import Entry
from audit.services import append
from batches.beginning import kept
from batches.models import Batch, Kind, Upload
from batches.starting import sending
from batches.through import through
from circuits.access import is_ops
from live.writes import write
from worker import maps, registry
from worker.batch_contract import PREFIX
from worker.mapreduce_contract import MapReduceSpec, read_call


def begin(
    *,
    source: Mapping[str, Any],
    call: Mapping[str, Any],
    by: User,
    uuid: UUID,
    upload: Upload | None = None,
    known: Entry.Known = Entry.Known.SIGNED_IN,
) -> Batch:
    """``call``: arguments and options of the contract, by their names. The same ``uuid`` twice is one MapReduce.

    Raises PermissionDenied for who is not of ops, ValidationError with sentences.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may start a batch."))
    given = _arguments(source, call, by)
    spec = checked(given)
    about = {"upload": upload, "known": str(known), "payload": given}
    try:
        row = _kept(spec, by, uuid, about)
    except IntegrityError:  # the same order, a moment before, on another connection
        row = _kept(spec, by, uuid, about)
    if not row.first_run_id:
        sending.start(row)
        row.refresh_from_db()
    return row


def _arguments(source: Mapping[str, Any], call: Mapping[str, Any], by: User) -> list[Any]:
    """As the workflow is started with them."""
    names = ("map_activity", "reduce_activity", "chunk_size", "max_parallel")
    options = {name: value for name, value in call.items() if name not in names and value is not None}
    return [dict(source), *(call.get(name) for name in names), {**options, "requester": by.get_username()}]


def checked(given: list[Any]) -> MapReduceSpec:
    """As the workflow will read it. Raises ValidationError."""
    parsed = read_call(given)
    spec = parsed.spec
    errors = list(parsed.errors)
    if isinstance(spec, MapReduceSpec):
        errors += maps.wrong(registry.maps, "map", spec.job, spec.job_args)
        errors += maps.wrong(registry.reduces, "reduce", spec.reduce, spec.reduce_args)
    if errors or not isinstance(spec, MapReduceSpec):
        raise ValidationError(errors)
    return spec


def _kept(spec: MapReduceSpec, by: User, uuid: UUID, about: Mapping[str, Any]) -> Batch:
    with write():
        row = Batch.objects.filter(uuid=uuid).first()
        if row and (row.user_id == by.pk):
            return row
        if row:
            raise ValidationError([_("This id is that of somebody else's batch. Nothing was started.")])
        row = Batch.objects.create(
            uuid=uuid,
            workflow_id=f"{PREFIX}{uuid}",
            kind=Kind.MAPREDUCE,
            title=spec.title,
            job=spec.job,
            requester=by.get_username(),
            spec=kept(spec),
            user=by,
            **about,
        )
        append(
            stream=row.stream,
            kind="batch.ordered",
            actor=row.requester,
            known=row.known,
            workflow_id=row.workflow_id,
            data={**kept(spec), **through(row.known)},
        )
    return row
