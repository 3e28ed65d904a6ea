"""What approved requests do with batches: ``http`` calls a service as an item does, ``start_batch`` begins one."""

import asyncio
from typing import Any

from approvals.actions import ApprovedRequest, action
from batches.http import plans
from batches.release.asking import ACTION
from batches.release.services import begin_approved
from worker.registry import checked


@action("http", title="calls a service over HTTP")
@checked(plans.wrong)
def http(
    *,
    key: str,
    request: ApprovedRequest,
    url: str,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    body: str = "",
    success: list[Any] | None = None,
    retry: list[Any] | None = None,
    final: list[Any] | None = None,
    timeout_seconds: float = plans.SECONDS,
    keep: str = "status",
    service: str = "",
) -> Any:
    """The details of the request are the columns of its item, and with them what it is about."""
    from batches.http.sending import send  # with it comes the client, which takes a quarter of a second to load

    args: dict[str, Any] = {
        "url": url,
        "method": method,
        "headers": headers,
        "body": body,
        "success": success,
        "retry": retry,
    }
    args |= {"final": final, "timeout_seconds": timeout_seconds, "keep": keep}
    return asyncio.run(send(args, key=key, item=_item(request), service=service))


@action(ACTION, title="starts the batch", by_hand=False)
def start_batch(*, request: ApprovedRequest, batch: str, digest: str) -> Any:
    """Only of the request that was made for this batch, as it was then."""
    return begin_approved(request=request.uuid, batch=batch, digest=digest)


def _item(request: ApprovedRequest) -> dict[str, Any]:
    amount = None if request.amount is None else str(request.amount)
    about = {"uuid": request.uuid, "reference": request.reference, "title": request.title, "amount": amount}
    return {**request.details, **about, "currency": request.currency, "requester": request.requester}
