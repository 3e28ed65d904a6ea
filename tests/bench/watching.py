"""200 open inboxes of 20 audiences: bin/bench watching tells how soon a decision is on every one of them."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from dashboard.leaving import leave
from tests.bench.measuring import watching
from tests.bench.measuring.house import House
from tests.bench.measuring.table import Table


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench watching", description=__doc__)
    parser.add_argument("--viewers", type=int, default=200, help="open inboxes (default: 200)")
    parser.add_argument("--decisions", type=int, default=20, help="one after the other (default: 20)")
    given = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        house = House(Path(folder) / "data")
        try:
            asyncio.run(watching.decisions(house, table, given.viewers, given.decisions))
        finally:
            house.up.end()
    table.say()


if __name__ == "__main__":
    main()
    leave(0)
