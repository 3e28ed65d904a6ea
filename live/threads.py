"""The hub's own threads: what reads for live pages never waits behind a page, and no page behind it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """A few threads, each with a database connection of its own."""

    def __init__(self, name: str, size: int) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def job() -> T:
            _tidy()
            try:
                return function(*args, **kwargs)
            finally:
                _tidy()

        return await asyncio.get_running_loop().run_in_executor(self._executor, job)


def _tidy() -> None:
    """Give a server's connection back; keep SQLite's file open in its thread, for opening it costs more than a read."""
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" or connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


reading = Pool("live-read", 8)
"""Regions read here. A read may wait for Temporal, so all eight may be taken."""

checking = Pool("live-check", 2)
"""Heads and the pulse: database only, never behind a slow region."""

granting = Pool("live-grant", 1)
"""Grants: one batch at a time."""
