"""What ops do to the limits of queues: an order takes its place in the line first, and is sent afterwards."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.ordering import receipts
from accounts.ordering.receipts import PATIENCE
from audit.services import append
from circuits.access import is_ops
from circuits.limits import asked, sending, settling
from circuits.limits.asked import Asked
from circuits.limits.rows import stream_of
from circuits.models import LimitedQueue, LimitOrder
from live.writes import write

Receipt = receipts.Receipt[LimitOrder]


def order(
    *,
    queue: str,
    action: LimitOrder.Action,
    reason: str,
    per_second: float | None = None,
    order_id: str,
    shown: int | None,
    by: User,
    patience: float = PATIENCE,
) -> Receipt:
    """Set or reset the limit of a queue: row and ledger first, then the server.

    Raises PermissionDenied for who is not of ops, ValidationError with sentences by field for what makes no sense.
    1. The same id again is the same click, and gets the same receipt; with other content it is refused.
    2. Whether it counts is decided here, by its place in the line: ``shown`` is the number of the last order that the
       person had seen, and whoever comes second is refused. The server only keeps what came last.
    """
    if not is_ops(by):
        raise PermissionDenied(_("Only operators may change the limit of a queue."))
    if not receipts.is_order_id(order_id):
        raise ValidationError({"order_id": [_("This form is damaged. Open the page again.")]})
    wanted = asked.read(queue=queue, action=action, reason=reason, per_second=per_second, shown=shown)
    made, ours = _take(wanted, order_id, by)
    if made is None:
        return _refused_reuse(wanted, order_id, by)
    if ours:
        sending.send(made)
    return receipts.wait_for(made, receipt_of, 0 if ours else patience)


def _take(wanted: Asked, order_id: str, by: User) -> tuple[LimitOrder | None, bool]:
    """Its row, and whether it is ours to send: it has its place, and nobody else was there first."""
    facts = {name: getattr(wanted, name) for name in ("queue", "action", "reason", "per_second", "shown")}
    with write():
        LimitedQueue.objects.get_or_create(name=wanted.queue)
        line = LimitedQueue.objects.select_for_update().get(name=wanted.queue)
        made, new = receipts.take(
            LimitOrder, order_id, facts, by, about=("queue", "action"), same=lambda row: _same(row, wanted)
        )
        if made is None or not new:
            return made, False
        if wanted.shown is not None and wanted.shown != line.orders:
            settling.refused(made, LimitOrder.Code.OVERTAKEN, _last(line))
            return made, False
        _stand_in(line, made)
    return made, True


def _stand_in(line: LimitedQueue, made: LimitOrder) -> None:
    """At the end of the line. What stands before it and was not sent yet never will be."""
    line.orders += 1
    line.save()
    made.number = line.orders
    made.save()
    settling.write_down(made, "limit.ordered", action=str(made.action), number=made.number)
    for earlier in LimitOrder.objects.filter(queue=line.name, number__lt=made.number, settled_at=None):
        settling.refused(earlier, LimitOrder.Code.SUPERSEDED, made)


def _last(line: LimitedQueue) -> LimitOrder | None:
    return LimitOrder.objects.filter(queue=line.name, number=line.orders).first()


def _same(row: LimitOrder, wanted: Asked) -> bool:
    return (row.reason, row.per_second) == (wanted.reason, wanted.per_second)


def _refused_reuse(wanted: Asked, order_id: str, by: User) -> Receipt:
    """Another person or other content under a used id: refused, and in the ledger."""
    said = _("This form was sent before, by somebody else or with other content. Open the page again to order it.")
    data: dict[str, Any] = {"order": order_id, "action": str(wanted.action), "reason": wanted.reason}
    with write():
        append(
            stream=stream_of(wanted.queue),
            kind="limit.refused",
            actor=by.get_username(),
            known="signed_in",
            data={**data, "code": "id_reused"},
        )
    return Receipt("refused", said, None)


def receipt_of(order: LimitOrder) -> Receipt:
    return Receipt(receipts.state_told(order), settling.why_not(order), order)
