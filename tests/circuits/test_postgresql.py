"""The same on PostgreSQL, where several really write at once, and numbers have an end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.test_postgresql import ADDRESS, answers

WRITING = ("knowing", "orders", "orders_in_trouble", "registry", "keeping", "written_down")
LINES = (
    "two_operators_at_once_one_counts_and_the_other_reads_who_was_first",
    "a_second_click_on_the_same_form_is_the_same_click",
    "what_was_not_sent_yet_gives_way_to_what_is_ordered_after_it",
)
"""Of the limits only where two write at once: what stands in a line is locked otherwise there."""


@pytest.mark.skipif(not os.environ.get("CI") and not answers(), reason="no PostgreSQL answers on 127.0.0.1:5432")
@pytest.mark.timeout(300)
def test_circuits_hold_on_postgresql_too():
    url = f"postgres://postgres@{ADDRESS[0]}:{ADDRESS[1]}/leitstand_circuits_{os.getpid()}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db"]
    run = subprocess.run(
        [
            *command,
            *(f"tests/circuits/test_{name}.py" for name in WRITING),
            *(f"tests/circuits/limits/test_orders.py::test_{name}" for name in LINES),
        ],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
