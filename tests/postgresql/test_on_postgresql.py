"""The same tests on PostgreSQL: the ledger, decisions, circuits, webhooks and counts."""

import os
import socket
import subprocess
import sys

import pytest

from tests.postgresql.chosen import ONLY_RACES, WHOLE
from tests.up.running import ROOT

ADDRESS = ("127.0.0.1", 5432)


def answers() -> bool:
    try:
        socket.create_connection(ADDRESS, timeout=2).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not os.environ.get("CI") and not answers(), reason="no PostgreSQL answers on 127.0.0.1:5432")
@pytest.mark.timeout(900)
def test_what_several_write_at_once_holds_on_postgresql_too():
    url = f"postgres://postgres@{ADDRESS[0]}:{ADDRESS[1]}/leitstand_{os.getpid()}"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.postgresql.chosen", "--create-db",
         *WHOLE, *ONLY_RACES],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
