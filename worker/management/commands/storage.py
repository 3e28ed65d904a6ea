"""Lists, verifies and sweeps what is kept outside Temporal."""

import json
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from worker.connection import ClientError
from worker.payloads import referring, sweeping
from worker.payloads.sweeping import Found, Swept, Wrong
from worker.payloads.troubles import NotRead

OK, UNKNOWN, SOME_WRONG = 0, 4, 6
"""Exit codes, documented in docs/contract.md; 2 is wrong use."""
SHOWN = 200


class Command(BaseCommand):
    help = "List, verify and sweep what is kept outside Temporal because it is too big for it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="list | verify | sweep")
        for name, words in (
            ("list", "what lies there, whose it is, and whether its workflow is still known"),
            ("verify", "read all of it and compare it with its checksums"),
            ("sweep", "what no workflow refers to any longer: told, and deleted with --delete"),
        ):
            commands.add_parser(name, help=words).add_argument("--json", action="store_true", help="for programs")
        verify, sweep = commands.choices["verify"], commands.choices["sweep"]
        words = "also read the histories of all open workflows, and name those that wait for a file"
        verify.add_argument("--workflows", action="store_true", help=words)
        words = "how long a file must have lain there (default: 24)"
        sweep.add_argument("--grace-hours", type=_hours, default=24.0, metavar="N", help=words)
        sweep.add_argument("--delete", action="store_true", help="delete it; without this nothing is deleted")

    def handle(self, *_args: Any, **options: Any) -> None:
        commands: dict[str, Callable[..., int]] = {"list": self._list, "verify": self._verify, "sweep": self._sweep}
        try:
            code = commands[options["command"]](**options)
        except ClientError as error:
            self.stderr.write(_("Temporal cannot be asked, so nothing was done: %(why)s") % {"why": error})
            code = UNKNOWN
        except NotRead as trouble:
            self.stderr.write(str(trouble))
            code = UNKNOWN
        if code:
            raise SystemExit(code)

    # --- list -------------------------------------------------------------------------------------------------------

    def _list(self, **options: Any) -> int:
        found = list(sweeping.found(sweeping.places(), referring.Asking()))
        if options["json"]:
            return self._json(OK, files=[_as_data(each) for each in found])
        self._table(found)
        total = {"number": f"{len(found):,}", "size": _size(sum(each.blob.size for each in found))}
        self.stdout.write(_("Files: %(number)s, %(size)s in all.") % total)
        return OK

    def _table(self, found: list[Found]) -> None:
        for each in found[:SHOWN]:
            owner = each.blob.owner
            whose = f"{owner.workflow_type} {owner.workflow_id}".strip() if owner else _("it does not say whose it is")
            age = _age(time.time() - each.blob.at)
            self.stdout.write(f"{_size(each.blob.size):>9}  {age:>6}  {each.state or 'damaged':<9}  {whose:.100}")
            self.stdout.write(f"{'':>19}  {each.place}/{each.blob.key}")
        if len(found) > SHOWN:
            self.stdout.write(_("and %(number)s more (--json tells all)") % {"number": f"{len(found) - SHOWN:,}"})

    # --- verify -----------------------------------------------------------------------------------------------------

    def _verify(self, **options: Any) -> int:
        number, size, wrong = 0, 0, []
        for _place, blob, found in sweeping.verify(sweeping.places()):
            number, size = number + 1, size + blob.size
            wrong += [found] if found else []
        waiting = list(sweeping.missing(referring.of_open_workflows())) if options["workflows"] else []
        code = SOME_WRONG if wrong or waiting else OK
        if options["json"]:
            return self._json(code, files=number, bytes=size, wrong=_all(wrong), waiting=_all(waiting))
        for each in [*wrong, *waiting][:SHOWN]:
            self.stdout.write(_line(each))
        said = _("Files: %(number)s, %(size)s in all; damaged: %(wrong)s.")
        self.stdout.write(said % {"number": f"{number:,}", "size": _size(size), "wrong": f"{len(wrong):,}"})
        if options["workflows"]:
            said = _("Open workflows that wait for a file: %(number)s.")
            self.stdout.write(said % {"number": f"{len({each.workflow_id for each in waiting}):,}"})
        return code

    # --- sweep ------------------------------------------------------------------------------------------------------

    def _sweep(self, **options: Any) -> int:
        if not referring.knows_any():
            said = _("Temporal knows no workflow at all, so it may be the wrong server; nothing was done.")
            self.stderr.write(said)
            return UNKNOWN
        grace, delete = options["grace_hours"] * 3_600, options["delete"]
        done = sweeping.sweep(sweeping.places(), referring.Asking(), grace=grace, delete=delete)
        code = UNKNOWN if done.unsure else OK
        if options["json"]:
            went = [_as_data(each) for each in done.went]
            told = {"bytes": done.bytes, "kept": done.kept, "unsure": done.unsure, "half_written": len(done.half)}
            return self._json(code, deleted=delete, files=went, **told)
        self._table(done.went)
        self._tell(done, delete)
        return code

    def _tell(self, done: Swept, delete: bool) -> None:
        said = (
            _("Deleted: %(number)s, %(size)s in all; half-written: %(half)s. Kept: %(kept)s.")
            if delete
            else _("Would go: %(number)s, %(size)s in all; half-written: %(half)s. Kept: %(kept)s. Add --delete.")
        )
        more = {"number": f"{len(done.went):,}", "half": f"{len(done.half):,}", "kept": f"{done.kept + done.unsure:,}"}
        self.stdout.write(said % {"size": _size(done.bytes), **more})
        if done.unsure:
            said = _("Of these it is not known of %(number)s whether a workflow refers to them; they stay.")
            self.stdout.write(said % {"number": f"{done.unsure:,}"})

    def _json(self, code: int, **told: Any) -> int:
        self.stdout.write(json.dumps(told))
        return code


def _hours(given: str) -> float:
    hours = float(given)
    if not 1 <= hours < 1e6:
        raise ArgumentTypeError(_("at least 1: what was just stored may belong to a workflow that is being started"))
    return hours


def _as_data(each: Found) -> dict[str, Any]:
    blob, owner = each.blob, each.blob.owner
    data = {"place": each.place, "key": blob.key, "bytes": blob.size, "stored_at": blob.at, "state": each.state}
    return {**data, **(asdict(owner) if owner else {})}


def _all(wrong: list[Wrong]) -> list[dict[str, Any]]:
    return [asdict(each) for each in wrong]


def _line(each: Wrong) -> str:
    whose = _("Workflow %(id)s: ") % {"id": each.workflow_id} if each.workflow_id else ""
    return f"{whose}{each.sentence}"


def _size(number: float) -> str:
    for unit in ("B", "KB", "MB"):
        if number < 1_000:
            return f"{number:,.0f} {unit}"
        number /= 1_000
    return f"{number:,.1f} GB"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
