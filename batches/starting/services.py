"""How a batch is begun: the order is committed first, its workflow is started afterwards."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext as _

from approvals import sending as approvals
from approvals.models import Request
from audit.models import Entry
from audit.services import append
from batches.beginning import kept, uuid_named
from batches.budgets import wrong_service
from batches.models import HELD_BACK, Batch, Upload
from batches.release import limits
from batches.release.asking import ask, held_back
from batches.release.limits import Estimate
from batches.starting import sending
from batches.starting.origins import degraded_of, failed_of
from batches.through import through
from circuits.access import is_ops
from live.writes import write
from worker import jobs, registry
from worker.batch_contract import PREFIX, BatchSpec, SourceSpec, read_spec
from worker.datasets.references import BadSource


def begin(
    *,
    spec: Mapping[str, Any],
    by: User,
    uuid: uuids.UUID,
    upload: Upload | None = None,
    follows: Batch | None = None,
    known: Entry.Known = Entry.Known.SIGNED_IN,
) -> Batch:
    """The one way in which a batch is begun here, whether on a page, in a terminal or by the clock.

    Its order is kept, then its workflow is started; with Temporal away it starts by itself later. One that somebody has
    to approve first is asked for instead (``release``), and starts by itself when that is given. The row says by its
    ``state`` which it is (``AWAITING``): a caller that tells people reads that, and takes nothing else for granted.
    Raises PermissionDenied for who is not of ops, ValidationError with sentences by key of the contract.
    ``uuid`` is the form's, or made of what orders it: the same one twice is one batch. Another person's is not taken.
    ``follows``: what is started again by it; both of them say so, and so does the ledger.
    ``known``: how it is known who orders; where nobody has signed in, it stays a program's claim.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may start a batch."))
    given = {**spec, "requester": by.get_username()}
    read = checked(given)
    if read.source.failed_of or read.source.degraded_of:
        _check_earlier(read.source)
    before = Batch.objects.filter(uuid=uuid, user=by).first()
    if before:
        return before
    found = limits.needed(read)
    if found:
        given = {**given, "source": found.sized.source}
        read = checked(given)
    about = {"upload": upload, "follows": follows, "known": str(known)}
    row, request = _keep(given, read, by, uuid, about, found)
    return _sent(row, request)


def _sent(row: Batch, request: Request | None) -> Batch:
    if request:
        approvals.start(request)
    elif not row.first_run_id and row.state not in HELD_BACK:
        sending.start(row)
        row.refresh_from_db()
    return row


def checked(given: Mapping[str, Any]) -> BatchSpec:
    """As the workflow will read it. Raises ValidationError: the sentences of the contract's reader, by key."""
    parsed = read_spec(given)
    errors: dict[str, list[str]] = {}
    for sentence in parsed.errors:
        errors.setdefault(sentence.split()[0].rstrip(":"), []).append(sentence)
    if "job" not in errors:
        known = registry.jobs.find(str(given.get("job")))
        sentences = jobs.check(str(given.get("job")), given.get("job_args") or {})[1]
        if sentences:
            errors["job_args" if known else "job"] = sentences
    if parsed.spec and (wrong := _wrong_rungs(parsed.spec)):
        errors["fallbacks"] = wrong
    if parsed.spec and parsed.spec.service and (wrong := wrong_service(parsed.spec.service)):
        errors["service"] = wrong
    if errors or parsed.spec is None:
        raise ValidationError({name: list(sentences) for name, sentences in errors.items()})
    return parsed.spec


def _wrong_rungs(spec: BatchSpec) -> list[str]:
    """Their jobs, arguments and services."""
    services = [f"fallbacks: {rung.name!r}: {said}" for rung in spec.fallbacks for said in _no_service(rung.service)]
    return jobs.check_rungs(spec.fallbacks)[1] + services


def _no_service(name: str) -> list[str]:
    return wrong_service(name) if name else []


def _check_earlier(source: SourceSpec) -> None:
    """What failed, or was served by others, in an earlier batch: it has ended, and there is some."""
    uuid = uuid_named(source.failed_of or source.degraded_of)
    batch = Batch.objects.filter(uuid=uuid).first() if uuid else None
    try:
        if batch is None:
            raise BadSource(_("There is no such batch whose items could be run again."))
        if source.failed_of:
            failed_of(batch, source.group)
        else:
            degraded_of(batch)
    except BadSource as error:
        raise ValidationError({"source": [str(error)]}) from None


def _keep(
    given: dict[str, Any], read: BatchSpec, by: User, uuid: uuids.UUID, about: dict[str, Any], found: Estimate | None
) -> tuple[Batch, Request | None]:
    try:
        return _kept(given, read, by, uuid, about, found)
    except IntegrityError:  # the same form, a moment before, on another connection
        return _kept(given, read, by, uuid, about, found)


def _kept(
    given: dict[str, Any], read: BatchSpec, by: User, uuid: uuids.UUID, about: dict[str, Any], found: Estimate | None
) -> tuple[Batch, Request | None]:
    """The row, and the request that asks for it, if it is new and has to be approved."""
    with write():
        row = Batch.objects.filter(uuid=uuid).first()
        if row and row.user_id == by.pk:
            return row, None
        uuid = uuids.uuid4() if row else uuid
        row = Batch.objects.create(
            uuid=uuid,
            workflow_id=f"{PREFIX}{uuid}",
            title=read.title,
            job=read.job,
            requester=by.get_username(),
            spec=kept(read),
            user=by,
            payload=given,
            **about,
            **(held_back(found) if found else {}),
        )
        enter_order(row, read)
        return row, ask(row, found, given, by=by) if found else None


def enter_order(row: Batch, read: BatchSpec) -> None:
    """Into the ledger, also at what is started again by it. The caller holds the transaction."""
    follows = row.follows
    before = {"follows": follows.reference, "follows_uuid": str(follows.uuid)} if follows else {}
    _enter(row, "batch.ordered", {**kept(read), **before}, row)
    if follows:
        _enter(follows, "batch.started_again", {"as": row.reference, "as_uuid": str(row.uuid)}, row)


def _enter(row: Batch, kind: str, data: dict[str, Any], ordered: Batch) -> None:
    append(
        stream=row.stream,
        kind=kind,
        actor=ordered.requester,
        known=ordered.known,
        workflow_id=row.workflow_id,
        run_id=row.first_run_id,
        data={**data, **through(ordered.known)},
    )
