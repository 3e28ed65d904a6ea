"""What work is made of: callables by name, in any app's ``jobs.py``, found like ``admin.py``. Pure.

    from worker.jobs import job

    @job("invoice", title="sends an invoice")
    async def invoice(*, key: str, item: Any, customer: str, copies: int = 1) -> dict:
        return await billing.send(customer, copies, idempotency_key=key)

``key`` is the same for every try of the same piece of work: hand it on, or remember it, so that a second try does no
harm. ``item`` is the piece itself, where there is one; ``service`` the name of the service whose budget and circuit
hold for the call, or "". All are optional; every other argument is given by name, by
its type (str, int, float, bool, list, dict). A job is async, or plain: then it runs in a thread. What it returns must
be JSON; what it raises is the failure of this piece alone.

``@job("payout", needs_approval=True, item_cost=0.25)``: a batch of it begins only when somebody has approved that, and
what its items cost together is the amount of the request.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from worker import registry
from worker.batch_rungs import RungSpec
from worker.registry import Registered

__all__ = ["Job", "check", "cooperative", "job", "quick", "run"]

Job = Registered
job = registry.jobs.register
F = TypeVar("F", bound=Callable[..., Any])


def quick(function: F) -> F:
    """For a plain function that never waits, below ``@job``: a batch calls it where it is, without a thread."""
    function.__dict__["quick"] = True
    return function


def check(name: str, args: Any) -> tuple[dict[str, Any], list[str]]:
    """The arguments as the job wants them, and what is wrong with them, in words."""
    found = registry.jobs.find(name)
    if found is None:
        names = ", ".join(each.name for each in registry.jobs.all()) or "none"
        return {}, [f"There is no job {name!r:.80}. There are: {names}."]
    return found.check(args)


def check_rungs(rungs: Iterable[RungSpec]) -> tuple[list[RungSpec], list[str]]:
    """Who stands in for a batch's job, with the arguments as their jobs want them, and what is wrong with those."""
    clean, errors = [], []
    for rung in rungs:
        args, wrong = check(rung.job, rung.job_args)
        clean.append(replace(rung, job_args=args))
        errors += [f"fallbacks: {rung.name!r}: {error}" for error in wrong]
    return clean, errors


def cooperative(function: F) -> F:
    """For an async function that never blocks and computes little, below ``@job``: its chunks share one event loop.

    Others have a loop for each chunk: there a call that blocks delays its own chunk and no other.
    """
    function.__dict__["cooperative"] = True
    return function


async def run(
    name: str,
    args: Mapping[str, Any],
    *,
    key: str,
    item: Any = None,
    in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
) -> Any:
    """Call a job once; raises what it raises, and ``Missing`` or ``BadArguments`` where it cannot be called."""
    found = registry.jobs.find(name)
    clean, errors = check(name, args)
    if found is None:
        raise registry.Missing(" ".join(errors))
    if errors:
        raise registry.BadArguments(" ".join(errors))
    reserved = {"key": key, "item": item, "service": ""}
    given = {**clean, **{each: reserved[each] for each in found.reserved}}
    if inspect.iscoroutinefunction(found.function):
        return await found.function(**given)
    return await in_thread(found.function, **given)
