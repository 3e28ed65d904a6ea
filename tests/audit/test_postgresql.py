"""The same tests, every one, on PostgreSQL: there a stream is locked by a row, and several write at once."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ADDRESS = ("127.0.0.1", 5432)


def answers() -> bool:
    try:
        socket.create_connection(ADDRESS, timeout=2).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not os.environ.get("CI") and not answers(), reason="no PostgreSQL answers on 127.0.0.1:5432")
@pytest.mark.timeout(300)
def test_the_ledger_holds_on_postgresql_too():
    url = f"postgres://postgres@{ADDRESS[0]}:{ADDRESS[1]}/leitstand_audit_{os.getpid()}"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/audit",
            "-q",
            "-p",
            "no:cacheprovider",
            "--create-db",
            f"--ignore={__file__}",
        ],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
