"""How an order is known again at the server: in the identity that it keeps beside the limit."""

from circuits.models import LimitOrder

_PREFIX = "leitstand"


def identity_of(order: LimitOrder) -> str:
    """As ``temporal task-queue config get`` shows it: who, and which order."""
    return f"{_PREFIX}:{order.username}:{order.order_id}"


def order_in(identity: str) -> LimitOrder | None:
    """The order of this site that stands behind it; None: it was set by other means."""
    prefix, _, rest = identity.partition(":")
    username, _, order_id = rest.rpartition(":")
    if prefix != _PREFIX or not order_id:
        return None
    return LimitOrder.objects.filter(order_id=order_id[:64], username=username[:200]).first()
