"""The data folder of a test run: one for each of its processes."""

import os
import tempfile


def own_folder() -> str:
    """Processes of one run (pytest-xdist) inherit the first one's folder, and have theirs beside it.

    What a test starts inherits the folder of its test, and keeps it.
    """
    folder = os.environ.get("LEITSTAND_DATA") or tempfile.mkdtemp(prefix="leitstand-tests-")
    process = os.environ.get("PYTEST_XDIST_WORKER")
    if process and not folder.endswith(f"-{process}"):
        folder += f"-{process}"
    return folder
