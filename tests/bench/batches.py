"""What batches cost: bin/bench batches [--items N] prints each figure, and its ratio to the bare SDK beside it."""

import argparse
import tempfile
from pathlib import Path

from dashboard.leaving import leave
from tests.bench import budget
from tests.bench.measuring import meanwhile
from tests.bench.measuring.engine import ALL, CHUNK, PARALLEL, Bench, write_file
from tests.bench.measuring.histories import longest_and_largest
from tests.bench.measuring.house import House
from tests.bench.measuring.table import Table, ms, p95
from tests.trouble.batch_house import BatchHouse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench batches", description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000, help="items of the large batch (default: 1,000,000)")
    parser.add_argument("--only", default="engine,decisions,budget", help="parts, by commas")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        if "engine" in given.only:
            engine(Path(folder), table, given.items)
        if "decisions" in given.only:
            decisions(Path(folder) / "house", table, given.items)
        if "budget" in given.only:
            budget.share(Path(folder) / "budget", table)
    table.say()


def engine(folder: Path, table: Table, items: int) -> None:
    """A worker and a Temporal server alone."""
    house = BatchHouse(folder)
    bench = Bench(house)
    try:
        measure(bench, table, items)
    finally:
        bench.end()
        house.end()


def decisions(folder: Path, table: Table, items: int) -> None:
    """The whole house."""
    house = House(folder)
    try:
        meanwhile.receipts(house, table, lambda uploads: write_file(uploads, items), CHUNK, PARALLEL)
    finally:
        house.up.end()


def measure(bench: Bench, table: Table, items: int) -> None:
    small_file, file = bench.file(10_000), bench.file(items)
    bench.ours(small_file)
    small, _handle = bench.ours(small_file)
    before = bench.resident()
    bench.bare(10_000, small_file)
    empty, parsing = bench.bare(items, None), bench.bare(items, file)
    table.add(f"{items:,} items, bare SDK, empty chunks", f"{empty.seconds:.1f} s")
    table.add(f"{items:,} items, bare SDK, chunks parse the rows", f"{parsing.seconds:.1f} s")
    ran, handle = bench.ours(file)
    table.add(f"{items:,} echo items, results kept", f"{ran.seconds:.1f} s, {items / ran.seconds:,.0f} a second")
    for what, bare, most in (("that parse", parsing, 2), ("that are empty", empty, 4)):
        ratio = ran.seconds / bare.seconds
        table.add(f"  compared with chunks {what}", f"{ratio:.2f} times", f"<= {most}", ratio <= most)
    table.add(f"  processor time for {ALL:,} items, bare and ours", f"{parsing.processor:.2f} s, {ran.processor:.2f} s")
    if (flat := ran.flat()) is not None:
        table.add("  an item in the second half, to the first", f"{flat:.2f} times", "<= 1.1", flat <= 1.1)
    table.add("  10,000 items alone", f"{small.seconds:.1f} s, {10_000 / small.seconds:,.0f} a second")
    grown = bench.resident() - before
    table.add("Worker's memory grows by", f"{grown:.0f} MB", "< 50 MB", grown < 50)
    longest, largest = longest_and_largest(bench.house, handle)
    table.add("Longest history of a run", f"{longest:,} events", "<= 10,000", longest <= 10_000)
    table.add("Largest payload, as base64", f"{largest:,} bytes", "<= 64 KB", largest <= 65_536)
    if asked := ran.asked:
        table.add(f"Progress, asked {len(asked)} times: 95th percentile", ms(p95(asked)), "< 250 ms", p95(asked) < 0.25)


if __name__ == "__main__":
    main()
    leave(0)
