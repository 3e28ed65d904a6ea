"""The door out of the test run: by `os._exit`, with the code that pytest meant (docs/adr/0004).

A test run uses the Temporal SDK, so its process too may crash while the interpreter shuts down, all tests passed.
"""

import os
import sys

import pytest

_ended: list[pytest.Session] = []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    _ended.append(session)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """After the summary is printed; without a session (a wrong option, --help) pytest leaves by itself."""
    if not _ended:
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(int(_ended[0].exitstatus))
