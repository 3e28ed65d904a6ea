"""The same races on PostgreSQL, where several really write at once, and a row's lock is all that orders them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.test_postgresql import ADDRESS, answers

RACES = (
    "clicks_at_once or racing or double_click or same_id or same_form or by_itself or same_moment or while_it_closes "
    "or test_recording"
)


@pytest.mark.skipif(not os.environ.get("CI") and not answers(), reason="no PostgreSQL answers on 127.0.0.1:5432")
@pytest.mark.timeout(300)
def test_decisions_hold_on_postgresql_too():
    url = f"postgres://postgres@{ADDRESS[0]}:{ADDRESS[1]}/leitstand_approvals_{os.getpid()}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db", f"--ignore={__file__}"]
    run = subprocess.run(
        [
            *command,
            "tests/approvals/core",
            "tests/approvals/conversation",
            "tests/worker/test_recording.py",
            "tests/worker/test_claims.py",
            "-k",
            RACES,
        ],
        cwd=Path(__file__).resolve().parents[3],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
