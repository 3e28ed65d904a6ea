"""Runs a job once, here, and prints what it returns: to see which rung serves, or to try a job before a batch does."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser

from worker import jobs, registry
from worker.guard import guard
from worker.resilience.fallback import AllFailed

UNDERSTOOD_NOT, FAILED = 2, 1


class Command(BaseCommand):
    help = (
        "Run a job once in this process and print its result as JSON. Exit codes: 0 it served, 1 it failed, "
        "2 there is no such job or its arguments do not fit. Example: manage.py job recommend customer=voss"
    )
    requires_system_checks: list[str] = []  # the web server checks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="which job; without it, those that there are")
        parser.add_argument("arguments", nargs="*", metavar="name=value", help="what it takes")
        parser.add_argument("--key", default="", help="what makes it the same piece of work as before (default: new)")

    def handle(self, *_: Any, name: str | None, arguments: list[str], key: str, **__: Any) -> None:
        if name is None:
            self._list()
            return
        clean, errors = jobs.check(name, _read(arguments))
        if errors:
            raise CommandError(" ".join(errors), returncode=UNDERSTOOD_NOT)
        try:
            result = asyncio.run(jobs.run(name, clean, key=key or str(uuid4())))
        except Exception as error:
            self._print(_failure(error))
            raise SystemExit(FAILED) from None
        finally:
            guard.flush(timeout=3.0)
        self._print(result)

    def _print(self, result: Any) -> None:
        self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))

    def _list(self) -> None:
        for job in registry.jobs.all():
            takes = (f"{each.name}={'' if each.required else each.default}" for each in job.parameters)
            self.stdout.write(f"{job.name} {' '.join(takes)}".rstrip() + f"  {job.title}")
        if not registry.jobs.all():
            self.stdout.write("There are no jobs here. An app brings them in its jobs.py (worker/jobs.py says how).")


def _read(arguments: list[str]) -> dict[str, str]:
    """``name=value``; everything is a text, which the job's types read."""
    read = {}
    for each in arguments:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise CommandError(f"{each!r:.80} is no argument: write name=value.", returncode=UNDERSTOOD_NOT)
        if name in read:
            raise CommandError(f"The argument {name!r:.80} is given twice.", returncode=UNDERSTOOD_NOT)
        read[name] = value
    return read


def _failure(error: Exception) -> dict[str, Any]:
    said: dict[str, Any] = {"error": str(error) or "It failed without saying why."}
    if isinstance(error, AllFailed):
        said["skipped"] = [{"rung": one.rung, "code": one.code, "words": one.words} for one in error.skipped]
    return said
