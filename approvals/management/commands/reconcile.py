"""Compares the index with Temporal and mends it: exit code 0 when nothing is left that differs, else 1."""

import json
import math
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from approvals import reconcile
from approvals.runs import Report
from live import queries
from worker.client import ClientError


class Command(BaseCommand):
    help = (
        "Compares open requests and batches with their workflows, mends what differs, and says what it did. The worker "
        "does the same on a schedule; this does all of it now."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what differs, and change nothing")
        parser.add_argument("--json", action="store_true", help="the report as JSON")
        parser.add_argument("--all", action="store_true", help="ask every open workflow, however many there are")
        parser.add_argument(
            "--forgotten", action="store_true", help="close at once what is open here and unknown to Temporal"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = reconcile.run(
                dry_run=options["dry_run"],
                asking=queries.system().worker_alive,
                all_rows=options["all"],
                forgotten=options["forgotten"],
                longest=math.inf,
            )
        except ClientError as error:
            self._fail(f"Temporal could not be asked, so nothing was compared: {error}", options["json"])
        self._tell(report, as_json=options["json"])
        if report.differing:
            sys.exit(1)

    def _tell(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(report), ensure_ascii=False))
            return
        for sentence in report.said:
            self.stdout.write(sentence)
        state = "differing" if report.differing else "the index agrees with Temporal"
        counted = f"{report.compared} compared, {report.repaired} mended"
        self.stdout.write(f"{counted}, {report.differing} {state}." if report.differing else f"{counted}: {state}.")

    def _fail(self, sentence: str, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"error": sentence}))
        self.stderr.write(sentence)
        sys.exit(1)
