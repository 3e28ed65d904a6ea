"""Starts all of Leitstand with one command: Temporal, the worker, the web server. Ctrl-C ends it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.up.folder import Folder, Refused
from dashboard.up.house import House


class Command(BaseCommand):
    help = "Start Temporal, the worker and the web server, and stay until Ctrl-C."
    requires_system_checks: list[str] = []  # the children check; here it would only cost a second

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the site's port on 127.0.0.1 (default: 8000)")
        parser.add_argument("--data", help="the folder that holds all state (default: var/ in this project)")
        parser.add_argument("--no-demo", action="store_true", help="start without the demo's people and requests")

    def handle(self, *_: Any, port: int, **__: Any) -> None:
        # dashboard.up.surroundings has put --data and --no-demo into the environment, before the settings were read.
        try:
            House(Folder(settings.DATA_DIR), port, demo=settings.DEMO).run()
        except Refused as refused:
            raise CommandError(str(refused)) from None
