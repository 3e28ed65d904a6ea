"""A process that used the SDK ends with the code that was meant, every time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.up import ports
from tests.up.running import LONG, ROOT, surroundings

EXITS, AT_ONCE = 50, 6

# Nobody listens there: the SDK's threads run, and try again, while the process leaves.
ASKS_TEMPORAL_AND_LEAVES = """
from dashboard.leaving import leave
from worker import client
leave(40 + client.healthy(timeout=0.2))
"""


@pytest.fixture
def surrounded(tmp_path):
    return surroundings(
        LEITSTAND_DATA=str(tmp_path),
        DJANGO_SETTINGS_MODULE="dashboard.settings",
        TEMPORAL_ADDRESS=f"127.0.0.1:{ports.any_free()}",
    )


def run(command, surrounded):
    return subprocess.run(command, env=surrounded, cwd=ROOT, capture_output=True, text=True, timeout=LONG)


def test_fifty_exits_on_busy_cores_have_the_code_that_was_meant(surrounded):
    def once(_):
        return run([sys.executable, "-c", ASKS_TEMPORAL_AND_LEAVES], surrounded).returncode

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(once, range(EXITS))) == {40}


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('in words')", 1),
        ("raise KeyboardInterrupt", 130),
        ("raise RuntimeError('broken')", 1),
    ],
)
def test_a_command_leaves_with_the_code_of_its_ending(surrounded, ending, code):
    script = f"""
import django.core.management as management
def execute(argv):
    print("done its work")
    {ending}
management.execute_from_command_line = execute
from dashboard.leaving import run_and_leave
run_and_leave(["manage.py", "anything"])
"""
    ran = run([sys.executable, "-c", script], surrounded)
    assert (ran.returncode, ran.stdout) == (code, "done its work\n")
    assert ("in words" in ran.stderr) == ("in words" in ending)
    assert ("RuntimeError: broken" in ran.stderr) == ("broken" in ending)


def test_a_reader_that_has_gone_does_not_change_the_code(surrounded):
    script = "from dashboard.leaving import leave; print('x' * 200_000); leave(5)"
    command = f'{sys.executable} -c "{script}" | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}'
    assert run(["bash", "-c", command], surrounded).returncode in (1, 5)  # 1: Python itself met the broken pipe
