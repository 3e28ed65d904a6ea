"""Asks whether a batch may begin: its request and the row of the question, in the transaction of the order itself."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from approvals import services as approvals
from approvals.models import Request
from audit.services import append
from batches.models import Batch, Release, State
from batches.release.details import details_of
from batches.release.limits import KIND, Estimate
from batches.release.marks import digest_of, marks_of
from batches.through import through

ACTION = "start_batch"
LONGEST_TITLE = 200


def ask(row: Batch, found: Estimate, order: Mapping[str, Any], *, by: User) -> Request:
    """The caller holds the transaction, and starts the request once it is committed."""
    digest = digest_of(order)
    request = approvals.keep(
        title=(_("Start batch: %(title)s") % {"title": row.title})[:LONGEST_TITLE],
        amount=found.cost,
        currency=found.currency,
        kind=KIND,
        details=details_of(row, found),
        action={"name": ACTION, "args": {"batch": str(row.uuid), "digest": digest}},
        by=by,
        known=row.known,
    )
    Release.objects.create(
        batch=row,
        request=request,
        digest=digest,
        marks=marks_of(order),
        items=found.sized.items,
        exactly=found.sized.exactly,
        item_cost=found.each,
        cost=found.cost,
        currency=found.currency,
        reasons=list(found.reasons),
        asked_at=request.created_at,
    )
    enter(row, "batch.approval_asked", _asked(request, found, digest), actor=by.get_username(), known=row.known)
    return request


def held_back(found: Estimate) -> dict[str, Any]:
    """Columns of a row that is not to begin yet: all of its items are pending."""
    return {"state": State.AWAITING, "total": found.sized.items, "pending": found.sized.items}


def _asked(request: Request, found: Estimate, digest: str) -> dict[str, Any]:
    return {
        "request": request.reference,
        "request_uuid": str(request.uuid),
        "reasons": list(found.reasons),
        "items": found.sized.items,
        "exactly": found.sized.exactly,
        "cost": str(found.cost),
        "currency": found.currency,
        "digest": digest,
    }


def enter(row: Batch, kind: str, data: dict[str, Any], *, actor: str = "system", known: str = "system") -> None:
    """In the batch's stream of the ledger."""
    data = {**data, **(through(known) if actor != "system" else {})}
    append(stream=row.stream, kind=kind, actor=actor, known=known, workflow_id=row.workflow_id, data=data)
