"""The guard where a process ends or is doubled: what was counted last goes out, and no child speaks for its parent."""

import os
import subprocess
import sys
from pathlib import Path

from tests.temporal import until
from tests.worker.guarding import guarded

ROOT = Path(__file__).resolve().parents[2]

DRAINS = """
import asyncio, os, sys
import django
django.setup()
from worker.guard import guard
from worker.running import Process

class Ended(Process):
    async def _serve_until_asked(self, runtime):
        for _ in range(3):  # as the last activity would, before it ends
            with guard.call(sys.argv[1]):
                pass

asyncio.run(Ended([]).run())
os._exit(0)
"""

FORKS = """
import os
import django
django.setup()
from worker.entities import Entities
from worker.guard import guard
from worker.resilience.caller import Word

class Silent(Entities):
    def known(self, services, caller):
        return [Word(service) for service in services]
    async def record(self, service, report):
        print(report.caller, report.ok, flush=True)

guard.entities = guard.reporting._entities = guard.hearing._entities = Silent()
for _ in range(2):
    with guard.call("payments"):
        pass
assert guard.flush(30)
with guard._lock:  # held by another thread, as it may be in the moment of a fork
    child = os.fork()
with guard.call("payments"):
    pass
assert guard.flush(30)
if child:
    os.waitpid(child, 0)
os._exit(0)
"""


def python(program: str, *arguments: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", program, *arguments]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_worker_that_drains_reports_its_last_second(house):
    with guarded(house) as calls:
        calls.begin()
        python(DRAINS, calls.service)
        until(lambda: calls.totals() == (3, 0, 0))


def test_a_child_counts_under_a_name_of_its_own():
    lines = [line.split() for line in python(FORKS).splitlines()]
    callers = {caller for caller, _ok in lines}
    assert len(callers) == 2
    assert sorted(sum(int(ok) for name, ok in lines if name == caller) for caller in callers) == [1, 3]
