"""Loads the demo: people, policies and some forty requests. A second time it adds nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dashboard.demo import loading


class Command(BaseCommand):
    help = "Load the demo's people, policies and requests; bin/up does it by itself. A second time it adds nothing."
    requires_system_checks: list[str] = []  # the web server checks

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo is switched off here (--no-demo, LEITSTAND_PRODUCTION, or LEITSTAND_DEMO is not set): "
                "nothing was loaded."
            )
        try:
            loading.load()
        except loading.Refused as refused:
            raise CommandError(str(refused)) from None
