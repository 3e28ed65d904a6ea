"""What people do to circuits: orders, committed first and sent afterwards; and the registry's writes."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.ordering import receipts
from accounts.ordering.receipts import PATIENCE
from audit.services import append
from circuits import asked, sending, settling
from circuits.access import is_ops
from circuits.asked import Asked
from circuits.models import Order, stream_of
from circuits.registering import remove_service, save_service
from live.writes import write

__all__ = ["Receipt", "order", "receipt_of", "remove_service", "save_service"]

Action = Order.Action


Receipt = receipts.Receipt[Order]


def order(
    *,
    service: str,
    action: Order.Action,
    reason: str,
    seconds: float | None = None,
    config: dict[str, Any] | None = None,
    order_id: str,
    shown: int | None,
    by: User,
    patience: float = PATIENCE,
) -> Receipt:
    """Order something of a circuit: the row is committed, its signal sent, the entity's word waited for.

    Raises PermissionDenied for who is not of ops, ValidationError with sentences by field for what makes no sense.
    1. The same id again is the same click, and gets the same receipt; with other content it is refused.
    2. Whether it counts is the entity's to say; ``shown`` is the number of interventions that the person had seen.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may order something of a circuit."))
    if not receipts.is_order_id(order_id):
        raise ValidationError({"order_id": [_("This form is damaged. Open the page again.")]})
    wanted = asked.read(
        service=service, action=action, reason=reason, seconds=seconds, config=config, shown=shown
    )  # fmt: skip
    about = ("service", "action")
    made, to_send = receipts.take(
        Order, order_id, _facts(wanted), by, about=about, same=lambda row: _same(row, wanted)
    )  # fmt: skip
    if made is None:
        return _refused_reuse(wanted, order_id, by)
    sent = to_send and sending.send(made) == Order.State.SENT
    receipt = receipts.wait_for(made, receipt_of, patience)
    if sent and receipt.state == "recording":
        sending.note_sent(made)
        made.refresh_from_db()
    return receipt


def _facts(wanted: Asked) -> dict[str, Any]:
    return {
        "service": wanted.service,
        "action": wanted.action,
        "reason": wanted.reason,
        "seconds": wanted.seconds,
        "config": wanted.config,
        "shown": wanted.shown,
    }


def _same(row: Order, wanted: Asked) -> bool:
    """The thresholds that were not named may have moved meanwhile: those are not what was asked."""
    kept = row.config or {}
    thresholds = all(kept.get(name) == value for name, value in wanted.given.items())
    return thresholds and (row.reason, row.seconds) == (wanted.reason, wanted.seconds)


def _refused_reuse(wanted: Asked, order_id: str, by: User) -> Receipt:
    """Another person or other content under a used id: refused, and in the ledger."""
    said = _("This form was sent before, by somebody else or with other content. Open the page again to order it.")
    data = {"order": order_id, "cause": wanted.action, "reason": wanted.reason, "code": "id_reused"}
    with write():
        append(
            stream=stream_of(wanted.service),
            kind="circuit.refused",
            actor=by.get_username(),
            known="signed_in",
            data=data,
        )
    return Receipt("refused", said, None)


def receipt_of(order: Order) -> Receipt:
    return Receipt(receipts.state_told(order), settling.why_not(order), order)
