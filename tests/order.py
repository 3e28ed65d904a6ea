"""In which order files of tests are handed to the processes of a run with several (pytest-xdist)."""

from itertools import chain, groupby

import pytest

LONGEST = "/postgresql/"
"""One that runs hundreds of others by itself: it begins first."""
LONG = (LONGEST, "/trouble/", "/up/", "/demo/", "/browser/", "test_browser")
"""What starts a whole Leitstand, a browser, or a run of its own: it computes, where others wait for a server."""
AFTER_EACH = 6
"""So many other files after one of these: neither do all compute at once, nor does anybody wait for a last long one."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One long file, some others, and so on; those that talk to workers most come first among the others."""
    if hasattr(config, "workerinput"):
        items[:] = chain.from_iterable(mixed([list(tests) for _file, tests in groupby(items, _file_of)]))


def mixed(files: list[list[pytest.Item]]) -> list[list[pytest.Item]]:
    long = [tests for tests in files if _is_long(tests[0])]
    long.sort(key=lambda tests: LONGEST not in tests[0].nodeid)
    others = [tests for tests in reversed(files) if not _is_long(tests[0])]
    found = []
    for number, tests in enumerate(long):
        found += [tests, *others[number * AFTER_EACH : (number + 1) * AFTER_EACH]]
    return found + others[len(long) * AFTER_EACH :]


def _file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _is_long(item: pytest.Item) -> bool:
    return any(sign in item.nodeid for sign in LONG)
