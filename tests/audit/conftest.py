"""What the tests of the ledger share: entries, and somebody who changes the database past the application."""

import pytest
from django.db import connection

from audit import services, triggers
from live.writes import write


def add(stream: str, number: int = 1, **more: object) -> list:
    """That many more entries of this stream."""
    usual = {"kind": "decision.applied", "actor": "maria", "known": "signed_in", "data": {"level": "manager"}}
    entries = []
    for _ in range(number):
        with write():
            entries.append(services.append(stream=stream, **{**usual, **more}))
    return entries


@pytest.fixture(autouse=True)
def _nothing_checked_yet(monkeypatch):
    """Each test begins with a process that has not looked for anything to seal in this minute."""
    monkeypatch.setattr(services, "_checked", None)


@pytest.fixture
def intruder(db):
    """Runs any SQL, having taken off the triggers first."""

    def run(sql: str, *values: object) -> None:
        triggers.remove(connection)
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
        triggers.install(connection)

    return run
