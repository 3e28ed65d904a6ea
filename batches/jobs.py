"""The jobs that come with batches: ``echo`` gives back what it gets, ``order`` does three things at once, ``http``
calls a service."""

import asyncio
from typing import Any

from batches.http import plans
from worker.jobs import cooperative, job, quick
from worker.registry import checked


@job("echo", title="gives back the item")
@quick
def echo(*, item: Any) -> Any:
    return item


@job("order", title="reserves, charges and quotes an order, all three at once")
async def order(*, key: str, item: Any, seconds: float = 0.1, each_seconds: float = 30.0) -> dict[str, Any]:
    """As long as the slowest of the three, each with its own limit of time; what fails is said with its name."""
    parts = ("reserve", "pay", "quote")
    done = await asyncio.gather(
        *(_within(part, each_seconds, _do(part, key, item, seconds)) for part in parts), return_exceptions=True
    )
    if failed := [str(one) for one in done if isinstance(one, BaseException)]:
        raise RuntimeError("; ".join(failed))
    return dict(zip(parts, done, strict=True))


async def _within(part: str, seconds: float, work: Any) -> Any:
    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise TimeoutError(f"{part} took longer than {seconds:g} s") from None
    except Exception as error:
        raise RuntimeError(f"{part}: {error}") from error


async def _do(part: str, key: str, item: Any, seconds: float) -> str:
    """The stand-in for a service: an item that names a part in ``fails`` finds it failing."""
    wanted = item if isinstance(item, dict) else {}
    await asyncio.sleep(seconds)
    if wanted.get("fails") == part:
        raise RuntimeError("the service said no")
    return f"{part}/{key.rpartition('/')[2]}"


@job("http", title="calls a service over HTTP, once for each item")
@checked(plans.wrong, plans.columns)
@cooperative
async def http(
    *,
    key: str,
    item: Any,
    service: str,
    url: str,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    body: str = "",
    success: list[Any] | None = None,
    retry: list[Any] | None = None,
    final: list[Any] | None = None,
    timeout_seconds: float = plans.SECONDS,
    keep: str = "status",
) -> Any:
    """Each item is one request. {item.column} stands for what it has there, in url, headers and body; without a body
    it is sent as it is, as JSON. A header names a secret: {secret.NAME}. Statuses are 404 or "4xx"."""
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
    return await send(args, key=key, item=item, service=service)
