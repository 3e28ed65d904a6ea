"""What became of an order: the entity's own word, in the transaction that writes it down; and what people are told."""

from dataclasses import asdict

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.ordering import sending
from accounts.ordering.words import clock, who
from circuits.models import Change, Order
from live.counting import count
from worker.resilience.circuit_state import CircuitConfig, Event

A, Code, State = Order.Action, Order.Code, Order.State

GUESSED = (Code.LATE, Code.LOST)
"""Found out beside the entity: its own word, should it come after all, stands above it."""


# --- does a click of ours stand behind it? -----------------------------------------------------------------------


def proving(service: str, event: Event) -> Order | None:
    """The order that this event answers, locked; None where no click of a person signed in proves it.

    An id alone proves nothing: whoever reads it in Temporal could send it. What was ordered, by whom, why and for how
    long has to be what was clicked, and a click counts once.
    """
    if not event.order or not event.actor:
        return None
    found = Order.objects.select_for_update().filter(order_id=event.order, service=service).first()
    if found is None or not _may_still_count(found):
        return None
    same = (found.username, found.reason, found.action) == (event.actor, event.reason, _action_of(event))
    return found if same and _lasts_as_long(found, event) else None


def _may_still_count(order: Order) -> bool:
    return order.settled_at is None or order.code in GUESSED


def _action_of(event: Event) -> str:
    """The events of the machine, as what was ordered: see ``Circuit.override``, ``reset`` and ``configure``."""
    if event.kind == "refused":
        return event.cause
    if event.kind == "configured":
        return A.CONFIGURE if event.cause == "order" else ""
    return {"override": event.target, "reset": A.RESET}.get(event.cause, "")


def _lasts_as_long(order: Order, event: Event) -> bool:
    if event.kind == "refused":
        return True
    if order.seconds is None or event.until is None:
        return order.seconds is None and event.until is None
    return abs(event.until - event.at - order.seconds) < 1


def is_in_force(order: Order, config: CircuitConfig) -> bool:
    """Whether these are the thresholds that were clicked."""
    wanted = order.config or {}
    return {name: value for name, value in asdict(config).items() if name in wanted} == wanted


# --- settling ----------------------------------------------------------------------------------------------------


def settle(order: Order, change: Change) -> None:
    """As the entity says; the caller holds the transaction."""
    first = overtaker(change) if change.kind == "refused" else None
    refused = change.kind == "refused"
    order.state = State.REFUSED if refused else State.APPLIED
    order.code = Code.OVERTAKEN if refused else ""
    order.overtaken_by = first
    order.why_not = overtaken(order, first) if refused else ""
    order.settled_at = timezone.now()
    order.save()
    count("circuit_orders", action=order.action, outcome="refused" if refused else "applied")


def give_up(order: Order, code: Order.Code) -> bool:
    return sending.give_up(order, code, _found_out()[code])


def overtaker(change: Change) -> Change | None:
    """What somebody ordered before this was refused: the last of it."""
    earlier = Change.objects.filter(circuit_id=change.circuit_id, number__lt=change.number)
    return earlier.filter(cause__in=("override", "reset", "order")).exclude(kind="refused").order_by("-number").first()


# --- what people are told ----------------------------------------------------------------------------------------


def why_not(order: Order) -> str:
    """In the language and the time zone of whoever reads it."""
    if order.state != State.REFUSED:
        return order.why_not
    if order.code == Code.OVERTAKEN:
        return overtaken(order, order.overtaken_by)
    return _found_out().get(order.code, order.why_not)


def overtaken(order: Order, first: Change | None) -> str:
    if first is None:
        return _(
            "Something else was ordered since you looked, so this was not applied. Look again; order it again if it "
            "is still needed."
        )
    said = _("%(what)s at %(time)s, after you had looked, so this was not applied. Look again; order it again if it is "
             "still needed.")  # fmt: skip
    return said % {"what": _did(order, first), "time": clock(first.at)}


def _did(order: Order, first: Change) -> str:
    done = {
        A.FORCE_OPEN: _("%(who)s forced it open"),
        A.DISABLE: _("%(who)s switched it off"),
        A.OBSERVE: _("%(who)s set it to observe only"),
        A.CLOSE: _("%(who)s closed it"),
        A.RESET: _("%(who)s reset it"),
        A.CONFIGURE: _("%(who)s changed its settings"),
    }
    action = {"reset": A.RESET, "order": A.CONFIGURE}.get(first.cause, first.target)
    return done.get(A(action), _("%(who)s changed it")) % {"who": who(first.actor, first.known, order.username)}


def _found_out() -> dict[str, str]:
    return {
        Code.REUSED: _(
            "Something else reached the circuit under the id of this order, so this was not applied. Look again; order "
            "it again if it is still needed."
        ),
        Code.LATE: _(
            "Temporal could not be asked for so long that this is not sent any more: nobody would expect it now. "
            "Whether it had arrived before is not known. Look again; order it again if it is still needed."
        ),
        Code.LOST: _(
            "The circuit was asked several times and knows nothing of this order, so nothing was changed. Look again; "
            "order it again if it is still needed."
        ),
    }
