"""Runs a worker: takes workflows and activities from Temporal's queues until it is asked to end."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from worker import queues
from worker.running import Process


class Command(BaseCommand):
    help = "Run a worker for Temporal's task queues. The first SIGTERM or Ctrl-C drains, the second ends at once."
    requires_system_checks: list[str] = []  # the web server checks; a worker should be back soon

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queues", default="", help="only these queues, separated by commas (default: all)")

    def handle(self, *_: Any, **options: Any) -> None:
        names = [name.strip() for name in options["queues"].split(",") if name.strip()]
        try:
            serving = queues.chosen(names)
        except ValueError as unknown:
            raise CommandError(str(unknown)) from None
        if not serving:
            raise CommandError(f"There is nothing to serve on {', '.join(names)} yet.")
        asyncio.run(_main(serving))


async def _main(serving: list[queues.Queue]) -> None:
    await Process(serving).run()
