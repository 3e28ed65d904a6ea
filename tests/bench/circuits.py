"""What circuits cost: bin/bench circuits [--only a,b] prints each figure, and what it should be."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dashboard.leaving import leave
from tests.bench.measuring.table import Table, median, ms, p95
from tests.trouble.town import Town
from tests.up.running import until


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench circuits", description=__doc__)
    parser.add_argument("--only", default="guard,refusals,rate", help="parts, by commas")
    parser.add_argument("--calls", type=int, default=100_000, help="guarded calls, one after the other")
    parser.add_argument("--outages", type=int, default=10, help="how often a circuit opens")
    parser.add_argument("--seconds", type=int, default=60, help="how long 1,000 calls a second are made")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        town = Town(Path(folder))
        try:
            measure(town, table, given)
        finally:
            town.end()
    table.say()


def measure(town: Town, table: Table, given: argparse.Namespace) -> None:
    only = given.only.split(",")
    if "guard" in only:
        guard(town, table, given.calls)
    if "refusals" in only:
        refusals(town, table, given.outages)
    if "rate" in only:
        rate(town, table, given.seconds)


# --- one call -------------------------------------------------------------------------------------------------------


def guard(town: Town, table: Table, calls: int) -> None:
    """In this process, on a real entity that is closed; the reporter sends meanwhile."""
    import asyncio

    import django

    os.environ |= town.environment
    django.setup()
    from worker.guard import guard as guarding

    service = town.service()
    until(lambda: guarding.peek(service).informed, "the guard to know the circuit")
    bare = median(timed(lambda: None, calls))

    def in_a_thread() -> None:
        with guarding.call(service):
            pass

    async def in_coroutines() -> list[float]:
        took, clock = [], time.perf_counter
        for _ in range(calls):
            began = clock()
            async with guarding.call(service):
                pass
            took.append(clock() - began)
        return took

    threads, coroutines = timed(in_a_thread, calls), asyncio.run(in_coroutines())
    table.add("A call of nothing, bare", us(bare))
    for name, took in (("with", threads), ("async with", coroutines)):
        figure = f"{us(median(took))}, p95 {us(p95(took))}"
        table.add(f"A call of nothing under guard, {name}", figure, "< 5 us", median(took) < 5e-6)
    guarding.flush(30)
    counted = until(lambda: (town.counts(service) or {}).get("ok", 0) >= 2 * calls and town.counts(service), "counts")
    table.add("... of which the entity has counted", f"{counted['ok']:,}", f"{2 * calls:,}", counted["ok"] == 2 * calls)


def timed(call: Callable[[], Any], times: int) -> list[float]:
    took, clock = [], time.perf_counter
    for _ in range(times):
        began = clock()
        call()
        took.append(clock() - began)
    return took


def us(seconds: float) -> str:
    return f"{seconds * 1_000_000:.2f} us"


# --- refusals -------------------------------------------------------------------------------------------------------


def refusals(town: Town, table: Table, outages: int) -> None:
    """From the call that crosses the threshold to the refusal of another process, which calls all the time."""
    let_through, took = 0, []
    for _ in range(outages):
        service = town.service()
        one, other = town.caller(service), town.caller(service)
        one.one()
        other.one()
        other.ask("until refused", 0.005)
        answers = one.do("badly", 10)
        crossed = time.time()
        let_through += answers.count("failed") - 5
        took.append(other.answer() - crossed)
        one.kill()
        other.kill()
    table.add("Calls let through after the threshold, same process", str(let_through), "none", let_through == 0)
    figure = f"{ms(median(took))}, at most {ms(max(took))}"
    table.add("From the threshold to a refusal in another process", figure, "< 2 s", max(took) < 2)


# --- many calls -----------------------------------------------------------------------------------------------------


def rate(town: Town, table: Table, seconds: int) -> None:
    """Signals are what the entity has handled."""
    service = town.service()
    caller = town.caller(service)
    caller.one()
    caller.do("flush", 30)
    before = until(lambda: town.told(service), "the entity to answer")["run"]["events"]
    began = time.monotonic()
    made = caller.do("a thousand a second", seconds)
    took = time.monotonic() - began
    caller.do("flush", 30)
    told = until(lambda: (now := town.told(service)) and now["totals"]["ok"] >= made["ok"] and now, "all counted")
    signals = told["run"]["events"] - before
    table.add(f"Calls a second, for {took:.0f} s", f"{made['ok'] / took:,.0f}")
    table.add("... signals a second", f"{signals / took:.2f}", "< 2", signals / took < 2)
    counted = told["totals"]["ok"]
    table.add("... counted at the entity of those made", f"{counted:,} of {made['ok']:,}", "all", counted == made["ok"])


if __name__ == "__main__":
    main()
    leave(0)
