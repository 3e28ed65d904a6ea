"""Orders from a terminal: through the service of the site, its receipt waited for, in a sentence."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _

from accounts.ordering.receipts import MAX_ORDER_ID, is_order_id
from audit.models import Entry
from batches.models import Batch, Order
from batches.paces import number_typed
from batches.steering import services
from batches.terminal import paces
from batches.terminal.exits import Exit, Stop, refused
from batches.terminal.meant import batch_meant, person
from batches.terminal.screen import Screen
from worker.reading import printable

A = Order.Action
ACTIONS = {
    "pause": A.PAUSE, "resume": A.RESUME, "cancel": A.CANCEL, "limits": A.LIMITS, "retry-failed": A.RETRY,
    "redo-degraded": A.REDO,
}  # fmt: skip


def steer(options: Mapping[str, Any], screen: Screen) -> Exit:
    by, row, action = person(options["as_user"]), batch_meant(options["batch"]), ACTIONS[options["what"]]
    order_id = _order_id(options["order_id"])
    receipt = services.order(
        batch=row,
        action=action,
        reason=options["reason"],
        wanted=_wanted(options),
        order_id=order_id,
        shown=None,
        by=by,
        known=Entry.Known.PROGRAM,
        patience=max(options["timeout"], 0.0),
    )
    about = {"reference": row.reference, "uuid": str(row.uuid), "action": str(action), "order": order_id}
    said = {**about, "state": receipt.state, "code": receipt.order.code if receipt.order else "id_reused"}
    if receipt.state == "recorded":
        screen.tell({**said, "reason": ""}, _done(row, action))
        return Exit.OK
    raise _not_done(row, receipt, order_id, said)


def _order_id(given: str | None) -> str:
    if given is None:
        return str(uuid4())
    if not is_order_id(given):
        said = _("Give 1 to %(most)d printable characters.") % {"most": MAX_ORDER_ID}
        raise refused({"order_id": [said]})
    return given


def _wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    if options["what"] in ("retry-failed", "redo-degraded"):
        return {"group": printable(options["group"]).strip(), "sample": options["sample"]}
    if options["what"] != "limits":
        return {}
    found: dict[str, Any] = {}
    if options["max_parallel"] is not None:
        found["max_parallel"] = number_typed(options["max_parallel"])
    if options["no_pace"]:
        found["pace"] = None
    elif options["pace"] is not None:
        found["pace"] = paces.read(options["pace"])
    return found


def _done(row: Batch, action: Order.Action) -> str:
    said = {
        A.PAUSE: _("%(batch)s pauses: what runs ends and counts, nothing new is begun."),
        A.RESUME: _("%(batch)s goes on."),
        A.CANCEL: _("%(batch)s is cancelled: what runs ends and counts, nothing new is begun."),
        A.LIMITS: _("%(batch)s has these limits from now on."),
        A.RETRY: _("%(batch)s runs its failed items again."),
        A.REDO: _("%(batch)s has its degraded items served again."),
    }
    return said[action] % {"batch": row.reference}


def _not_done(row: Batch, receipt: services.Receipt, order_id: str, said: Mapping[str, Any]) -> Stop:
    about = {"batch": row.reference, "id": order_id}
    if receipt.state == "refused":
        return Stop(Exit.REFUSED, receipt.reason, **said)
    if receipt.state == "not_sent":
        sentence = _("Temporal cannot be reached, so nothing was changed. It is safe to give it again: --id %(id)s")
    else:
        sentence = _("What came of it %(batch)s has not said yet. It is safe to ask again, with --id %(id)s")
    return Stop(Exit.UNKNOWN, sentence % about, **said)
