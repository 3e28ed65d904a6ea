"""Actions that exist only in the demo: one that works, and one that shows what happens when an action fails."""

from typing import Any
from uuid import UUID

from approvals.actions import ApprovedRequest, action, record
from audit.models import Entry


@action("purchase_order", title="places the purchase order")
def purchase_order(*, key: str, request: ApprovedRequest, vendor: str, quantity: int = 1) -> dict[str, Any]:
    """The order's number comes from the key, so that a second try places the same order again: none."""
    number = f"PO-{UUID(request.uuid).int % 900_000 + 100_000}"
    record(key=key, request=request, text=f"Purchase order {number} to {vendor}, quantity {quantity}")
    return {"purchase_order": number}


@action("book_in_warehouse", title="books it in the old warehouse system")
def book_in_warehouse(*, key: str, request: ApprovedRequest, outages: int = 1) -> dict[str, Any]:
    """Fails until somebody has tried again as often as there are outages; the ledger knows how often that was."""
    failed = Entry.objects.filter(stream=f"request:{request.uuid}", kind="action.failed").count()
    if failed < outages:
        raise ConnectionError("The warehouse system does not answer: connection reset after 30 s.")
    record(key=key, request=request, text=f"Booked in the warehouse system as {request.reference}")
    return {"booking": request.reference}
