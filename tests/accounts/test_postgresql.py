"""Webhooks, traces and counts on PostgreSQL: there several write, send and add up at once, and rows are locked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.test_postgresql import ADDRESS, answers

TESTS = ("accounts/test_webhooks.py", "accounts/test_purging.py", "live/test_counting.py", "dashboard/test_counters.py")


@pytest.mark.skipif(not os.environ.get("CI") and not answers(), reason="no PostgreSQL answers on 127.0.0.1:5432")
@pytest.mark.timeout(300)
def test_what_is_sent_and_counted_holds_on_postgresql_too():
    url = f"postgres://postgres@{ADDRESS[0]}:{ADDRESS[1]}/leitstand_accounts_{os.getpid()}"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db", *(f"tests/{t}" for t in TESTS)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
