"""What ``manage.py batch`` takes. Wrong use ends with 1: in argparse's own way it would read as a batch that failed."""

import sys
from argparse import ArgumentParser
from typing import Any, NoReturn
from uuid import UUID

from django.core.management.base import CommandError

from batches import asking, exports
from batches.terminal import schedules
from batches.terminal.exits import Exit
from worker.batch_rungs import ON_OPEN
from worker.batch_strategy import POLICIES, STRATEGIES

EPILOG = (
    "Exit codes: 0 done; 1 wrong use, or refused; 2 the batch has failed; 3 it was cancelled, or ended in Temporal; "
    "4 not known yet, safe to ask again; 5 there is no such batch; 6 some items have failed (only with --strict)."
)


def add(parser: ArgumentParser) -> None:
    """One command within the command for each thing that can be done."""
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="what", metavar="COMMAND", required=True)

    def command(name: str, about: str, *, acts: bool = False, meant: bool = True) -> ArgumentParser:
        made: ArgumentParser = commands.add_parser(name, help=about, description=about, epilog=EPILOG)
        wrong_use_is_1(made)
        made.add_argument("--json", action="store_true", help="one JSON value on stdout, and no progress")
        if meant:
            made.add_argument("batch", metavar="BATCH", help="B-318, its uuid or its workflow id")
        if acts:
            made.add_argument("--as", dest="as_user", metavar="USER", required=True, help="the operator who acts")
        return made

    _start(command("start", "Start a batch over a file, or over the items of another one.", acts=True, meant=False))
    _mapreduce(command("mapreduce", "Map the items of a file, and reduce what comes of it.", acts=True, meant=False))
    _list(command("list", "The batches: those under way first, then the latest.", meant=False))
    show = command("show", "How far a batch is, and why it is not faster.")
    show.add_argument("--watch", action="store_true", help="until it has ended")
    show.add_argument("--item", metavar="KEY", help="what became of this one item")
    _waiting(show)
    for name, about in (("pause", "Begin nothing more."), ("resume", "Go on."), ("cancel", "End it for good.")):
        _order(command(name, about, acts=True))
    _retry(command("retry-failed", "Run failed items again.", acts=True))
    _redo(command("redo-degraded", "Have the job try again what others served.", acts=True))
    _limits(command("limits", "How many chunks at once, and how fast, from now on.", acts=True))
    _schedules(command("schedules", "Batches by the clock: seen, paused, run, put back.", meant=False))
    _export(command("export", "Failures or results as a file."))


def _start(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="CSV or JSON lines; copied unless a batch may read it")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="if it is not recognised")
    origins = parser.add_mutually_exclusive_group()
    origins.add_argument("--from-batch", metavar="BATCH", help="the items and all options of this one again")
    origins.add_argument("--failed-of", metavar="BATCH", help="the failed items of this one, which has ended")
    parser.add_argument("--group", default="", metavar="FINGERPRINT", help="with --failed-of: those of one cause")
    parser.add_argument("--job", help="what is done with each item")
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE", help="what the job takes")
    parser.add_argument("--title", help="default: the file's name")
    parser.add_argument("--key", dest="item_key", metavar="COLUMN", help="the column that names an item")
    for name, about in (
        ("--chunk-size", "items per chunk"), ("--max-parallel", "chunks at once"), ("--item-attempts", "tries"),
        ("--item-timeout-seconds", "for one try"), ("--chunk-timeout-seconds", "for a chunk"),
        ("--tolerated", "%% of items that may fail"), ("--service", "that the job calls"),
    ):  # fmt: skip
        parser.add_argument(name, help=about)
    parser.add_argument("--on-tolerance", choices=("fail", "pause"), help="if more fail (default: fail)")
    parser.add_argument("--strategy", choices=STRATEGIES, help="who runs the chunks (default: activities)")
    parser.add_argument("--group-by", metavar="COLUMN", help="a child for each of its values")
    parser.add_argument("--parent-close-policy", choices=POLICIES, help="of children (default: terminate)")
    parser.add_argument(
        "--no-wait-for-children", dest="wait", action="store_const", const="false", help="ends when all have begun"
    )
    parser.add_argument("--fallback", action="append", metavar="JSON", help='a rung: {"name", "job", "job_args", …}')
    parser.add_argument("--on-open", choices=ON_OPEN, help="while the circuit is open (default: fallback)")
    parser.add_argument("--hold-seconds", help="that an item is held at most")
    parser.add_argument("--pace", action="append", metavar="ITEMS/SECONDS[/BURST]", help="also sliding:ITEMS/SECONDS")
    parser.add_argument("--id", type=UUID, metavar="UUID", help="given twice it is one batch")
    parser.add_argument("--wait", dest="watch", action="store_true", help="until it has ended")
    _waiting(parser)


def _mapreduce(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="CSV or JSON lines; copied unless a batch may read it")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="if it is not recognised")
    parser.add_argument("--map", dest="map_activity", metavar="NAME", required=True, help="such as map_values")
    parser.add_argument("--reduce", dest="reduce_activity", metavar="NAME", required=True, help="such as reduce_values")
    for name in ("map", "reduce"):
        parser.add_argument(
            f"--{name}-arg", action="append", default=[], metavar="NAME=VALUE", help=f"what the {name} takes"
        )
    parser.add_argument("--title", help="default: the file's name")
    parser.add_argument("--key", dest="item_key", metavar="COLUMN", help="the column that names an item")
    parser.add_argument("--chunk-size", type=int, metavar="N", help="items of a map (default: 100)")
    parser.add_argument("--max-parallel", type=int, metavar="N", help="maps at once (default: 10)")
    parser.add_argument("--fan-in", type=int, metavar="N", help="partial results of a reduce (default: 32)")
    parser.add_argument("--tolerated", type=float, metavar="PERCENT", help="of items that may fail (default: 10)")
    parser.add_argument("--on-tolerance", choices=("fail", "pause"), help="if more fail, or a reduce (default: fail)")
    parser.add_argument("--id", type=UUID, metavar="UUID", help="given twice it is one MapReduce")
    parser.add_argument("--wait", dest="watch", action="store_true", help="until it has ended")
    _waiting(parser)


def _waiting(parser: ArgumentParser) -> None:
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="stop waiting after so long, with 4")
    parser.add_argument("--strict", action="store_true", help="end with 6 if any item has failed")


def _list(parser: ArgumentParser) -> None:
    parser.add_argument("--view", choices=asking.VIEWS, default=asking.ALL)
    parser.add_argument("--search", default="", metavar="WORDS", help="in title, job, requester; or B-318")
    parser.add_argument("--most", type=int, default=25, metavar="N")


def _order(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", default="", help="needed to pause and to cancel")
    parser.add_argument("--id", dest="order_id", metavar="ID", help="given twice it is one order")
    parser.add_argument("--timeout", type=seconds, default=20.0, metavar="SECONDS", help="for the batch's word")


def _retry(parser: ArgumentParser) -> None:
    _order(parser)
    parser.add_argument("--group", default="", metavar="FINGERPRINT", help="those of one cause")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only so many")


def _redo(parser: ArgumentParser) -> None:
    _order(parser)
    parser.add_argument("--rung", dest="group", default="", metavar="NAME", help="those that this one served")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only so many")


def _limits(parser: ArgumentParser) -> None:
    _order(parser)
    parser.add_argument("--max-parallel", help="chunks at once")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--pace", action="append", metavar="ITEMS/SECONDS[/BURST]", help="also sliding:ITEMS/SECONDS")
    pace.add_argument("--no-pace", action="store_true", help="as fast as it goes")


def _schedules(parser: ArgumentParser) -> None:
    parser.add_argument("does", nargs="?", choices=schedules.DOES, default="list")
    parser.add_argument("schedule", nargs="?", metavar="SCHEDULE", help="S-3, or its uuid")
    parser.add_argument("--as", dest="as_user", metavar="USER", help="the operator who orders something")
    _order(parser)


def _export(parser: ArgumentParser) -> None:
    parser.add_argument("of", choices=tuple(exports.COLUMNS))
    parser.add_argument("--format", choices=exports.FORMS, default="csv")
    parser.add_argument("--group", default="", metavar="FINGERPRINT", help="failures of one cause")
    parser.add_argument("--out", metavar="FILE", help="a new file (default: stdout)")


def seconds(text: str) -> float:
    """A span that ends."""
    found = float(text)
    if not 0 <= found < 1e9:
        raise ValueError
    return found


def wrong_use_is_1(parser: Any) -> None:
    def error(message: str) -> NoReturn:
        if not parser.called_from_command_line:
            raise CommandError(f"Error: {message}", returncode=Exit.REFUSED)
        parser.print_usage(sys.stderr)
        sys.stderr.write(f"{parser.prog}: {message}\n")
        sys.exit(int(Exit.REFUSED))

    parser.error = error
