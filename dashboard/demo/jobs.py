"""The demo's jobs: they call its service behind circuits, and say which rung served and why no better one did."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from circuits.rungs import aladder
from dashboard.demo.service import asking
from dashboard.demo.service.answers import ARTICLES, RATES, of
from worker.guard import guard
from worker.jobs import job
from worker.resilience.fallback import Served, serve

LONGEST = 10.0
"""Seconds after which a call ends by itself: a rung that has given up earlier leaves its thread no longer than that."""
PAYMENT = 3.0
"""Seconds for a payment, which no rung hurries."""
CALLS = ThreadPoolExecutor(32, thread_name_prefix="demo-call")


@job("recommend", title="recommends articles to a customer")
async def recommend(*, customer: str) -> dict[str, Any]:
    """Learned from what others bought; else by rules; else what everybody buys."""

    async def learned() -> list[str]:
        return list((await _ask("recommendations", customer=customer))["items"])

    async def rules() -> list[str]:
        first = of("rules", customer) % len(ARTICLES)
        return [ARTICLES[first], ARTICLES[(first + 1) % len(ARTICLES)]]

    async def popular() -> list[str]:
        return ["work gloves", "safety shoes", "cutting oil"]

    served = await _by("recommendations", {"learned": learned, "rules": rules, "popular": popular})
    return {"customer": customer, "items": served.value, **_source(served)}


@job("pay", title="pays an invoice")
async def pay(*, key: str, amount: float) -> dict[str, Any]:
    """Nothing serves instead of a payment: while the circuit is open it is refused. The key makes it one payment."""
    async with guard.call("payments"), asyncio.timeout(PAYMENT):
        answer = await _ask("payments", key=key, amount=f"{amount:.2f}")
    return {"amount": amount, **answer}


@job("payout", title="pays a supplier", needs_approval=True, item_cost=0.35)
async def payout(*, key: str, item: dict[str, Any]) -> dict[str, Any]:
    """A payment for each row, of its amount. A batch of it begins only when somebody has approved that."""
    answer: dict[str, Any] = await pay(key=key, amount=float(item["amount"]))
    return answer


@job("convert", title="converts euros")
async def convert(*, amount: float, currency: str = "USD") -> dict[str, Any]:
    """By the rate of the moment; else by yesterday's, and it says so."""
    if currency not in RATES:
        raise ValueError(f"There is no rate for {currency!r:.20}. There are: {', '.join(RATES)}.")

    async def today() -> float:
        return float((await _ask("fx-rates", currency=currency))["rate"])

    async def yesterday() -> float:
        return round(RATES[currency] * 0.998, 4)

    served = await _by("fx-rates", {"today": today, "yesterday": yesterday})
    return {"euros": amount, currency.lower(): round(amount * served.value, 2), "rate": served.value, **_source(served)}


async def _by(service: str, calls: dict[str, Callable[[], Awaitable[Any]]]) -> Served:
    return await serve(await aladder(service, calls), guard=guard)


def _source(served: Served) -> dict[str, Any]:
    skipped = [asdict(one) for one in served.skipped]
    return {"source": served.source, "degraded": served.degraded, "skipped": skipped}


async def _ask(service: str, **asked: str) -> dict[str, Any]:
    caller = f"{socket.gethostname()}:{os.getpid()}"

    def call() -> dict[str, Any]:
        return asking.get(service, asked, caller=caller, timeout=LONGEST)

    return await asyncio.get_running_loop().run_in_executor(CALLS, call)
