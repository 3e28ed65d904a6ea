"""Starts, shows and steers batches from a terminal: for scripts and people, through the services of the site."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.terminal import arguments
from batches.terminal.running import run
from batches.terminal.screen import Screen


class Command(BaseCommand):
    help = (
        "Start, list, show, pause, resume, cancel, retry, limit and export batches. What changes something wants --as "
        "an operator; nobody has signed in, so the ledger says that a program claims to act for them."
    )
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        arguments.wrong_use_is_1(parser)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.add(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        if code := run(options, Screen(self.stdout, self.stderr, as_json=options["json"])):
            raise SystemExit(int(code))
