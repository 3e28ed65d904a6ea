"""What comes of a question: the approved batch begins, or says what has changed; then it is asked again, or dropped."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import sending as approvals
from approvals.models import Request
from audit.models import Entry
from batches.beginning import kept
from batches.models import Batch, Release, State
from batches.release import comparing
from batches.release.asking import ask, enter, held_back
from batches.release.limits import Estimate, estimate
from batches.release.settling import approvers_of, decline
from batches.starting import sending
from batches.starting.services import checked
from circuits.access import is_ops
from live.writes import write
from worker.registry import BadArguments


def begin_approved(*, request: str, batch: str, digest: str) -> dict[str, Any]:
    """Called as the action of a request, perhaps several times: exactly what was approved begins, and once."""
    release = _asked(request, batch, digest)
    if release.settled_at is None:
        release = _settled(release, comparing.changes(release))
    row = release.batch
    if release.state == Release.State.GIVEN and not row.first_run_id:
        sending.start(row)
    begun = release.state == Release.State.GIVEN
    return {"batch": row.reference, "uuid": str(row.uuid), "begun": begun, "changed": release.changes}


def _asked(request: str, batch: str, digest: str) -> Release:
    found = Release.objects.select_related("batch").filter(request__uuid=request).first()
    if found is None or (str(found.batch.uuid), found.digest) != (batch, digest):
        raise BadArguments(_("This request is not the one by which that batch is asked for: nothing was begun."))
    return found


def _settled(release: Release, changes: list[str]) -> Release:
    """Whoever comes second finds what the first has settled."""
    with write():
        fresh = Release.objects.select_for_update().get(pk=release.pk)
        row = Batch.objects.select_for_update().get(pk=release.batch_id)
        fresh.batch = row
        if fresh.settled_at:
            return fresh
        fresh.state = Release.State.CHANGED if changes else Release.State.GIVEN
        fresh.changes, fresh.settled_at = changes, timezone.now()
        fresh.save()
        row.state = State.CHANGED if changes else State.PREPARING
        row.save(update_fields=["state"])
        about = {"request": fresh.request.reference, "approved_by": approvers_of(fresh.request)}
        if changes:
            enter(row, "batch.changed_since", {**about, "changes": changes})
        else:
            enter(row, "batch.approved", {**about, "digest": fresh.digest})
    return fresh


# --- after something has changed ---------------------------------------------------------------------------------


def ask_again(*, batch: Batch, by: User, known: Entry.Known = Entry.Known.SIGNED_IN) -> Batch:
    """As it is now, in the name of who asks: it is they who are not to approve it. Asked twice it is asked once.

    Raises ValidationError by key of the contract where it could not begin anyway.
    """
    _check_ops(by)
    if batch.state != State.CHANGED:
        return batch
    order = {**(batch.payload or {}), "requester": by.get_username()}
    if order.get("source", {}).get("uri"):
        order["source"] = {name: order["source"][name] for name in ("uri", "format") if name in order["source"]}
    found = estimate(checked(order))
    order["source"] = found.sized.source
    row, request = _asked_again(batch, order, found, by, known)
    if request:
        approvals.start(request)
    return row


def _asked_again(
    batch: Batch, order: dict[str, Any], found: Estimate, by: User, known: Entry.Known
) -> tuple[Batch, Request | None]:
    with write():
        row = Batch.objects.select_for_update().get(pk=batch.pk)
        if row.state != State.CHANGED:
            return row, None
        row.payload, row.spec, row.user, row.known = order, kept(checked(order)), by, str(known)
        row.requester = by.get_username()
        for name, value in held_back(found).items():
            setattr(row, name, value)
        row.save()
        return row, ask(row, found, order, by=by)


def drop(*, batch: Batch, by: User) -> Batch:
    """It is not asked again: it has ended. Twice is once."""
    _check_ops(by)
    with write():
        row = Batch.objects.select_for_update().get(pk=batch.pk)
        if row.state == State.CHANGED:
            decline(row, outcome="dropped", by=by.get_username(), known=Entry.Known.SIGNED_IN)
    return row


def _check_ops(by: User) -> None:
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may do this with a batch."))
