"""What approvals cost: bin/bench approvals [--only a,b] prints each figure, and its ratio to the bare SDK."""

import argparse
import tempfile
from pathlib import Path

from dashboard.leaving import leave
from tests.bench.measuring import crowd, deciding, inboxes
from tests.bench.measuring.bare import BareClient
from tests.bench.measuring.house import House
from tests.bench.measuring.table import Table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench approvals", description=__doc__)
    parser.add_argument("--only", default="receipts,pages,inboxes,storm,closing,size", help="parts, by commas")
    parser.add_argument("--decisions", type=int, default=100, help="decisions one after the other (default: 100)")
    parser.add_argument("--rows", type=int, default=10_000, help="open rows for the inbox (default: 10,000)")
    parser.add_argument("--storm", type=int, default=2_000, help="requests for 50 approvers (default: 2,000)")
    parser.add_argument("--closing", type=int, default=100, help="workflows that get 20 signals each (default: 100)")
    parser.add_argument("--open", type=int, default=10_000, help="open workflows for the sizes (default: 10,000)")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        house = House(Path(folder) / "data")
        try:
            measure(house, table, given, Path(folder))
        finally:
            house.up.end()
    table.say()


def measure(house: House, table: Table, given: argparse.Namespace, folder: Path) -> None:
    only = given.only.split(",")
    if "receipts" in only:
        bare = BareClient(house.temporal, folder)
        try:
            deciding.receipts(house, bare, table, given.decisions)
        finally:
            bare.end()
    if "pages" in only:
        deciding.pages(house, table, given.decisions // 2)
    if "inboxes" in only:
        inboxes.inboxes(house, table, given.rows)
    if "closing" in only:
        crowd.closing(house, table, given.closing)
    if "storm" in only:
        crowd.storm(house, table, given.storm)
    if "size" in only:
        sizes(house, table, given.open)


def sizes(house: House, table: Table, count: int) -> None:
    """With so many open: how long a second start takes, and what web and worker then hold."""
    house.requests(count, patience=3_600)
    before = house.resident()
    seconds = house.again()
    anna = house.person("anna", "manager")
    for _ in range(20):
        anna.get("/approvals/")
    after = house.resident()
    table.add(f"Second start until ready, {count:,} open", f"{seconds:.1f} s", "< 15 s", seconds < 15)
    for name, limit in (("web", 150), ("worker", 250)):
        held = max(before[name], after[name])
        figure = f"{before[name]} MB, restarted {after[name]} MB"
        table.add(f"Resident with {count:,} open: {name}", figure, f"< {limit} MB", held < limit)


if __name__ == "__main__":
    main()
    leave(0)
