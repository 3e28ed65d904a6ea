"""What may run once a request is approved: callables by name, in any app's ``actions.py``, found like ``admin.py``.

    from approvals.actions import ApprovedRequest, action

    @action("purchase_order", title="places the purchase order")
    def purchase_order(*, key: str, request: ApprovedRequest, vendor: str, quantity: int = 1) -> dict:
        return shop.order(vendor, quantity, idempotency_key=key)

``key`` is the same for every try of the same request: hand it on, or remember it, so that a second try does no harm.
``request`` says what was approved. Both are optional; every other argument is the requester's to give, by its type
(str, int, float, bool, list, dict). What it returns must be JSON. What it raises is tried again, three times in all;
then somebody decides: retry, or give up.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from approvals.models import Record, Request
from live.writes import write
from worker import registry
from worker.registry import Parameter, Registered

__all__ = ["Action", "ApprovedRequest", "Parameter", "action", "available", "check"]

Action = Registered
action = registry.actions.register


@dataclass(frozen=True)
class ApprovedRequest:
    """What an action may know of the request it runs for."""

    uuid: str
    reference: str
    title: str
    amount: Decimal | None
    currency: str
    requester: str
    details: dict[str, Any]


def available() -> list[Action]:
    """Every action, by name."""
    return registry.actions.all()


def by_hand() -> list[Action]:
    """Those that a requester may choose. The others come with requests that an app makes of its own."""
    return [each for each in available() if each.by_hand]


def is_made_by_app(name: str) -> bool:
    """Its requests belong to something else, such as a batch, and are asked again there."""
    known = registry.actions.find(name)
    return bool(known and not known.by_hand)


def check(name: str, args: Any) -> tuple[dict[str, Any], list[str]]:
    """The arguments as the action wants them, and what is wrong with them, in words."""
    found = registry.actions.find(name)
    if found is None:
        names = ", ".join(each.name for each in available())
        return {}, [f"There is no action {name!r}. There are: {names}."]
    return found.check(args)


def run(*, name: str, args: dict[str, Any], key: str, request: Request) -> Any:
    """Call an action; raises what it raises, and ``registry.Missing`` or ``BadArguments`` where it cannot be called."""
    found = registry.actions.find(name)
    if found is None:
        raise registry.Missing(f"There is no action {name!r} in this worker.")
    clean, errors = found.check(args)
    if errors:
        raise registry.BadArguments(" ".join(errors))
    given = {"key": key, "request": _approved(request)}
    return found.function(**clean, **{each: given[each] for each in found.reserved})


def _approved(request: Request) -> ApprovedRequest:
    return ApprovedRequest(
        uuid=str(request.uuid),
        reference=request.reference,
        title=request.title,
        amount=request.amount,
        currency=request.currency,
        requester=request.requester_name,
        details=request.details,
    )


@action("record", title="writes a record")
def record(*, key: str, request: ApprovedRequest, text: str = "") -> dict[str, Any]:
    """Write a row that the request's page shows. The key makes it one row, however often it is tried."""
    with write():
        row, _ = Record.objects.get_or_create(
            key=key,
            defaults={
                "text": text,
                "request": Request.objects.get(uuid=request.uuid),
                "written_at": timezone.now(),
            },
        )
    return {"record": row.pk}
