"""The programs in the library's README run as they stand, with a copy of the folder and nothing else of this house."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.architecture.rules import ROOT

LIBRARY = ROOT / "worker" / "resilience"
BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = dict(BLOCK.findall((LIBRARY / "README.md").read_text()))


@pytest.fixture
def elsewhere(tmp_path):
    """Another project: the library under another name, and the programs."""
    shutil.copytree(LIBRARY, tmp_path / "resilience", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def said(folder, *command):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TEMPORAL_ADDRESS")}
    ran = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    return ran.stdout, ran.stderr[-2_000:]


def test_the_readme_has_both_programs():
    assert sorted(PROGRAMS) == ["letters.py", "quotes.py"]


def test_letters_go_out_at_a_pace_over_several_runs(elsewhere, temporal_server):
    out, err = said(elsewhere, "letters.py", temporal_server)
    assert out == "60 letters in 3 runs\n", err


def test_a_partner_that_is_away_is_asked_three_times_and_then_no_more(elsewhere):
    out, err = said(elsewhere, "quotes.py")
    assert out.splitlines() == ["42 list True the partner is away"] * 3 + ["42 list True circuit open: open"], err


def test_every_module_is_named_in_the_readme():
    modules = {path.stem for path in LIBRARY.glob("*.py")} - {"__init__"}
    assert modules - set(re.findall(r"`(\w+)`", (LIBRARY / "README.md").read_text())) == set()
