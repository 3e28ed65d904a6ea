"""A budget of 100 calls a minute, two batches, two workers: bin/bench budget [--minutes N] [--seconds N] [--kill].

``--seconds``: that a call takes. ``--kill``: one of the workers is killed in the midst of its calls. What it had under
way is called again by another, which no budget knows of: ten items of a chunk at most.
"""

import argparse
import tempfile
from pathlib import Path

from dashboard.leaving import leave
from tests.bench.measuring.table import Table
from tests.trouble.sharing import Sharing

LIMIT, SECONDS = 100, 60.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench budget", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        share(Path(folder), table, given.minutes, given.seconds, given.kill)
    table.say()


def share(folder: Path, table: Table, minutes: float = 3.0, seconds: float = 0.05, kill: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    house = Sharing(folder, LIMIT, SECONDS)
    try:
        seen = house.share(minutes * 60, seconds, kill)
    finally:
        house.end()
    table.add("Most items called for the first time in any 60 s", f"{seen.most}", "<= 100", seen.most <= LIMIT)
    table.add("Most calls in any 60 s", f"{seen.most_of_all}", "", None if kill else seen.most_of_all <= LIMIT)
    table.add("Of what the service takes", f"{100 * seen.used:.1f} %", ">= 95 %", seen.used >= 0.95)
    table.add("  from burst to burst, as over hours", f"{100 * seen.lasting:.1f} %")
    table.add("Items of each batch", " and ".join(map(str, seen.batches)))


if __name__ == "__main__":
    main()
    leave(0)
