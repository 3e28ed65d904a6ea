"""Histories that were recorded are replayed by the workflows as they are now: open requests survive a deployment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = Path(__file__).parent / "histories"


def replay(tree: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with the ``worker`` of this tree."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tests" / "worker" / "replaying.py"), str(HISTORIES)],
        cwd=tree,
        env={name: value for name, value in os.environ.items() if "DJANGO" not in name} | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_recorded_history_replays_and_django_is_never_loaded():
    ran = replay(ROOT)
    said = ran.stdout.splitlines()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert said == [*(f"{file.stem} ok" for file in sorted(HISTORIES.glob("*.json"))), "Django is not loaded"]
    assert len(said) > 10


CHANGES = {
    "a step less": ("await steps.open_level(contracts.OpenLevel(", "(contracts.OpenLevel("),
    "another order": (
        "        self._open(index, step)\n",
        "        self._open(index, step)\n        await steps.expire_level(contracts.ExpireLevel(ref(), 0, 0.0))\n",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_open_requests_would_not_survive_is_caught(tmp_path, change):
    shutil.copytree(ROOT / "worker", tmp_path / "worker", ignore=shutil.ignore_patterns("__pycache__"))
    core = tmp_path / "worker" / "workflows" / "core.py"
    before, after = CHANGES[change]
    assert core.read_text().count(before) == 1
    core.write_text(core.read_text().replace(before, after))
    ran = replay(tmp_path)
    assert ran.returncode >= 8, ran.stdout
    assert "invalid ok" in ran.stdout, "what never opens a level is not touched by it"
    assert "Nondeterminism" in ran.stdout


def test_the_histories_tell_nothing_of_who_recorded_them_and_where():
    for file in HISTORIES.glob("*.json"):
        text = file.read_text()
        assert set(re.findall(r'"identity":"([^"]*)"', text)) == {"somebody"}
        assert set(re.findall(r'"stackTrace":"([^"]*)"', text)) <= {""}
        assert not re.search(r'"/\w+/|site-packages|@', text), file.name
