"""Checks the ledger: exit code 0 and what it has seen, or 1 and the first entry that is broken."""

import re
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit import checking


class Command(BaseCommand):
    help = (
        "Recomputes every hash of the ledger and names the first broken entry. With --head it also checks that a seal "
        "that was kept elsewhere is still there unaltered: only that shows a ledger that was rewritten as a whole."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head", metavar="N:HASH", help="A head that an earlier run printed, kept in another place."
        )

    def handle(self, *_args: Any, head: str | None = None, **_options: Any) -> None:
        kept = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", head.strip()) if head else None
        if head and not kept:
            self._fail(f"--head is not number:hash as this command prints it: {head}")
        report = checking.check((int(kept[1]), kept[2]) if kept else None)
        if report.broken:
            self._fail(f"The ledger is broken. {report.broken!s}.")
        seen = f"{report.entries} entries in {report.streams} streams, {report.seals} seals"
        self.stdout.write(f"ledger intact: {seen}; head {report.head}")

    def _fail(self, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(1)
