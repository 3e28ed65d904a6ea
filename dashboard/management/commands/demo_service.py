"""Runs the small service that the demo's circuits protect: recommendations, payments, fx-rates."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.demo.service import running
from dashboard.up import ports
from dashboard.up.folder import Folder, Refused


class Command(BaseCommand):
    help = "Run the demo's small HTTP service on 127.0.0.1 until Ctrl-C; bin/up does it by itself."
    requires_system_checks: list[str] = []  # the web server checks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="its port on 127.0.0.1")

    def handle(self, *_: Any, port: int, **__: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo is switched off here (--no-demo, LEITSTAND_PRODUCTION, or LEITSTAND_DEMO is not set): "
                "its service is not started."
            )
        if reason := ports.why_not(port):
            raise CommandError(reason)
        folder = Folder(settings.DATA_DIR)
        try:
            folder.prepare()
        except Refused as refused:
            raise CommandError(str(refused)) from None
        running.serve(folder, port)
