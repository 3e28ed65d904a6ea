"""What became of an order: the workflow's own word, in the transaction that writes it down; and what is told of it."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.ordering import sending
from accounts.ordering.words import clock, who
from audit.services import append
from batches.models import Batch, Event, Order, State
from batches.through import through
from live.counting import count
from live.writes import write
from worker.batch_wire import BatchEvent

A, Code = Order.Action, Order.Code

GUESSED = (Code.LATE, Code.LOST)
"""Found out beside the workflow: its own word, should it come after all, stands above it."""


# --- does a click of ours stand behind it? -----------------------------------------------------------------------


def proving(batch: Batch, event: BatchEvent) -> Order | None:
    """The order that this event answers, locked; None where no click of a person signed in proves it.

    An id alone proves nothing: whoever reads it in Temporal could send it. What was ordered, by whom, why and in which
    numbers has to be what was clicked, and a click counts once.
    """
    if not event.order or not event.actor:
        return None
    found = Order.objects.select_for_update().filter(order_id=event.order, batch=batch).first()
    if found is None or (found.settled_at is not None and found.code not in GUESSED):
        return None
    same = (found.username, found.reason, found.action) == (event.actor, event.reason, event.action)
    return found if same and (event.kind == "refused" or found.wanted == event.details) else None


# --- settling ----------------------------------------------------------------------------------------------------


def settle(order: Order, event: Event) -> None:
    """As the workflow says; the caller holds the transaction."""
    refused = event.kind == "refused"
    order.state = Order.State.REFUSED if refused else Order.State.APPLIED
    order.code = _code_of(event) if refused else ""
    order.overtaken_by = _first(event) if order.code in (Code.OVERTAKEN, Code.PAUSED) else None
    order.settled_at = timezone.now()
    order.why_not = why_not(order)
    order.save()
    count(order.counter, action=order.action, outcome="refused" if refused else "applied")


def _code_of(event: Event) -> str:
    return event.cause if event.cause in Code.values else Code.OVER


def _first(event: Event) -> Event | None:
    """What had been ordered before this was refused: the last of it. A pause may have come by itself."""
    earlier = Event.objects.filter(batch_id=event.batch_id, number__lt=event.number).exclude(kind="refused")
    if event.cause == Code.PAUSED:
        return earlier.filter(kind="paused").order_by("-number").first()
    return earlier.filter(kind__in=_DONE, cause__in=("order", "cancelled")).order_by("-number").first()


def give_up(order: Order, code: Order.Code) -> bool:
    return sending.give_up(order, code, _found_out(order)[code])


def came_too_late(order: Order) -> bool:
    """Its workflow runs no more, so nobody else will write down that it came: that is done here."""
    with write():
        done = give_up(order, Code.OVER)
        if done:
            append(
                stream=order.batch.stream,
                kind="batch.refused",
                actor=order.username,
                known=order.known,
                workflow_id=order.batch.workflow_id,
                data={
                    "order": order.order_id,
                    "action": order.action,
                    "cause": Code.OVER,
                    "reason": order.reason,
                    **through(order.known),
                },
            )
    return True


# --- what people are told ----------------------------------------------------------------------------------------


def why_not(order: Order) -> str:
    """In the language and the time zone of whoever reads it."""
    if order.state != Order.State.REFUSED:
        return order.why_not
    return _found_out(order).get(order.code, order.why_not)


def _overtaken(order: Order) -> str:
    if order.overtaken_by is None:
        return _(
            "Something else was ordered since you looked, so this was not applied. Look again; order it again if it "
            "is still needed."
        )
    said = _("%(what)s at %(time)s, after you had looked, so this was not applied. Look again; order it again if it is "
             "still needed.")  # fmt: skip
    return said % _what(order.overtaken_by, order.username)


def _paused(order: Order) -> str:
    first = order.overtaken_by
    if first is None or not first.actor:
        return _("It was paused already, so nothing was changed.")
    return _("%(what)s at %(time)s already, so nothing was changed.") % _what(first, order.username)


_DONE = {"paused", "resumed", "limited", "retried", "redone", "cancelling"}


def _what(event: Event, reader: str) -> dict[str, str]:
    done = {
        "paused": _("%(who)s paused it"),
        "resumed": _("%(who)s resumed it"),
        "limited": _("%(who)s changed its limits"),
        "retried": _("%(who)s had failed items run again"),
        "redone": _("%(who)s had degraded items served again"),
        "cancelling": _("%(who)s cancelled it"),
    }
    name = who(event.actor, event.known, reader)
    return {"what": done.get(event.kind, _("%(who)s changed it")) % {"who": name}, "time": clock(event.at)}


def _over(order: Order) -> str:
    batch = order.batch
    if batch.closed_at is None or order.made_at < batch.closed_at:
        return _("The batch was ending when this came, or runs no more, so nothing was changed.")
    said = _("The batch had ended at %(time)s (%(state)s) before this came, so nothing was changed.")
    return said % {"state": State(batch.state).label, "time": clock(batch.closed_at)}


def _found_out(order: Order) -> dict[str, str]:
    return {
        Code.OVERTAKEN: _overtaken(order),
        Code.PAUSED: _paused(order),
        Code.OVER: _over(order),
        Code.NOT_PAUSED: _("It was not paused, so there was nothing to resume."),
        Code.NONE_FAILED: _(
            "No failed item counted yet when this came, so there was nothing to run again: what fails counts when its "
            "chunk has ended, and can be run again from then on."
        ),
        Code.NONE_DEGRADED: _(
            "No item counted as degraded when this came, so there was nothing to serve again: what a rung serves "
            "counts when its chunk has ended."
        ),
        Code.TOO_MANY: _(
            "Many orders to run items again wait to be begun, so this was not taken. Order it again once they "
            "have been."
        ),
        Code.REDUCING: _(
            "All items were mapped when this came, and their partial results were being put together, so failed items "
            "could not be run again. Start it again over them once it has ended."
        ),
        Code.REUSED: _(
            "Something else reached the batch under the id of this order, so this was not applied. Look again; order "
            "it again if it is still needed."
        ),
        Code.LATE: _(
            "Temporal could not be asked for so long that this is not sent any more: nobody would expect it now. "
            "Whether it had arrived before is not known. Look again; order it again if it is still needed."
        ),
        Code.LOST: _(
            "The batch was asked several times and knows nothing of this order, so nothing was changed. Look again; "
            "order it again if it is still needed."
        ),
    }
