"""The data folder of a test run: one for each of its processes."""

import os
import tempfile
from functools import cache
from pathlib import Path


def own_folder() -> str:
    """Processes of one run (pytest-xdist) inherit the first one's folder, and have theirs beside it.

    What a test starts inherits the folder of its test, and keeps it.
    """
    folder = os.environ.get("LEITSTAND_DATA") or tempfile.mkdtemp(prefix="leitstand-tests-")
    process = os.environ.get("PYTEST_XDIST_WORKER")
    if process and not folder.endswith(f"-{process}"):
        folder += f"-{process}"
    return folder


@cache
def shared_folder() -> Path:
    """Of all processes of a run: beside those of each. Without a run, as in a benchmark, this process's own."""
    process = os.environ.get("PYTEST_XDIST_WORKER")
    folder = os.environ.get("LEITSTAND_DATA") or tempfile.mkdtemp(prefix="leitstand-tests-")
    shared = Path(folder.removesuffix(f"-{process}")) / "shared"
    shared.mkdir(parents=True, exist_ok=True)
    return shared
