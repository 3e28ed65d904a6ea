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
from batches.beginning import kept
from batches.models import Batch, Kind, Upload
from batches.starting import sending
from batches.starting.services import enter_order
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
    follows: Batch | None = None,
    known: Entry.Known = Entry.Known.SIGNED_IN,
) -> Batch:
    """``call``: arguments and options of the contract, by their names. The same ``uuid`` twice is one MapReduce.

    ``follows``: what is started again by it. Raises PermissionDenied for who is not of ops, ValidationError with
    sentences by key of the contract.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may start a batch."))
    given = arguments(source, {**call, "requester": by.get_username()})
    spec = checked(given)
    about = {"upload": upload, "follows": follows, "known": str(known), "payload": given}
    try:
        row = _kept(spec, by, uuid, about)
    except IntegrityError:  # the same order, a moment before, on another connection
        row = _kept(spec, by, uuid, about)
    if not row.first_run_id:
        sending.start(row)
        row.refresh_from_db()
    return row


def arguments(source: Mapping[str, Any], call: Mapping[str, Any]) -> list[Any]:
    """As the workflow is started with them."""
    names = ("map_activity", "reduce_activity", "chunk_size", "max_parallel")
    options = {name: value for name, value in call.items() if name not in names and value is not None}
    return [dict(source), *(call.get(name) for name in names), options]


def checked(given: list[Any]) -> MapReduceSpec:
    """As the workflow will read it. Raises ValidationError: the sentences of the contract's reader, by key."""
    parsed = read_call(given)
    errors: dict[str, list[str]] = {}
    for sentence in (said.removeprefix("options: ") for said in parsed.errors):
        errors.setdefault(sentence.split()[0], []).append(sentence)
    for what, known, name in (("map", registry.maps, given[1]), ("reduce", registry.reduces, given[2])):
        named = f"{what}_activity"
        wrong = [] if named in errors else maps.wrong(known, what, name, given[5].get(f"{what}_args") or {})
        if wrong:
            errors[f"{what}_args" if known.find(name) else named] = wrong
    if errors or not isinstance(parsed.spec, MapReduceSpec):
        raise ValidationError({**errors})
    return parsed.spec


def _kept(spec: MapReduceSpec, by: User, uuid: UUID, about: Mapping[str, Any]) -> Batch:
    with write():
        row = Batch.objects.filter(uuid=uuid).first()
        if row and row.user_id == by.pk:
            return row
        if row:
            raise ValidationError({"__all__": [_("This id is that of somebody else's batch. Nothing was started.")]})
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
        enter_order(row, spec)
    return row
