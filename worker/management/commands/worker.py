"""Runs a worker: takes workflows and activities from Temporal's queues until it is asked to end."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from worker import queues
from worker.apart import Parts, give_way
from worker.running import Process
from worker.steps import WORK_QUEUE


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
        groups = queues.apart(serving, settings.LEITSTAND_WORK_PROCESSES)
        part = 0
        if len(groups) > 1:
            connections.close_all()
            part = Parts(len(groups)).fork()
            if all(queue.name == WORK_QUEUE for queue in groups[part]):
                give_way()
        asyncio.run(_main(groups[part], part, len(groups) > 1))


async def _main(serving: list[queues.Queue], part: int, replaced: bool) -> None:
    await Process(serving, part, replaced=replaced).run()
