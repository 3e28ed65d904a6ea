"""What people do to batches that run: orders, committed first and sent afterwards."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.ordering import receipts
from accounts.ordering.receipts import PATIENCE
from audit.models import Entry
from audit.services import append
from batches.models import Batch, Order
from batches.steering import asked, sending, settling
from batches.steering.asked import Asked
from batches.through import through
from circuits.access import is_ops
from live.writes import write

Receipt = receipts.Receipt[Order]


def order(
    *,
    batch: Batch,
    action: Order.Action,
    reason: str = "",
    wanted: Mapping[str, Any] | None = None,
    order_id: str,
    shown: int | None,
    by: User,
    known: Entry.Known = Entry.Known.SIGNED_IN,
    patience: float = PATIENCE,
) -> Receipt:
    """Order something of a batch: the row is committed, its signal sent, the workflow's word waited for.

    ``wanted``: of limits {"max_parallel", "pace"}, of a retry {"group", "sample"}.
    Raises PermissionDenied for who is not of ops, ValidationError with sentences by field for what makes no sense.
    1. The same id again is the same click, and gets the same receipt; with other content it is refused.
    2. Whether it counts is the workflow's to say; ``shown`` is the number of interventions that the person had seen.
    3. ``known``: how it is known who orders. Where nobody has signed in it stays a program's claim, in the ledger too.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may order something of a batch."))
    if not receipts.is_order_id(order_id):
        raise ValidationError({"order_id": [_("This form is damaged. Open the page again.")]})
    what = asked.read(batch=batch, action=action, reason=reason, wanted=wanted or {}, shown=shown)
    facts = {**_facts(what), "known": str(known)}
    made, to_send = receipts.take(
        Order, order_id, facts, by, about=("batch", "action", "known"), same=lambda row: _same(row, what)
    )  # fmt: skip
    if made is None:
        return _refused_reuse(what, order_id, by, known)
    sent = to_send and sending.send(made) == Order.State.SENT
    receipt = receipts.wait_for(made, receipt_of, patience)
    if sent and receipt.state == "recording":
        sending.note_sent(made)
        made.refresh_from_db()
    return receipt


def _facts(what: Asked) -> dict[str, Any]:
    names = ("batch", "action", "reason", "wanted", "shown")
    return {name: getattr(what, name) for name in names}


def _same(row: Order, what: Asked) -> bool:
    return (row.reason, row.wanted) == (what.reason, what.wanted)


def _refused_reuse(what: Asked, order_id: str, by: User, known: Entry.Known) -> Receipt:
    """Another person or other content under a used id: refused, and in the ledger."""
    said = _("This form was sent before, by somebody else or with other content. Open the page again to order it.")
    data = {"order": order_id, "action": what.action, "reason": what.reason, "code": "id_reused", **through(known)}
    with write():
        append(
            stream=what.batch.stream,
            kind="batch.refused",
            actor=by.get_username(),
            known=known,
            data=data,
        )
    return Receipt("refused", said, None)


def receipt_of(order: Order) -> Receipt:
    return Receipt(receipts.state_told(order), settling.why_not(order), order)
