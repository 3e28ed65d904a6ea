"""Which tests are run on PostgreSQL too, where several really write at once and numbers have an end: a plugin."""

import re

import pytest

RACES = (
    "clicks_at_once|racing|double_click|same_id|same_form|by_itself|same_moment|while_it_closes|two_operators_at_once|"
    "a_second_click|gives_way_to_what_is_ordered"
)
WHOLE = [
    "tests/audit",
    "tests/accounts/test_webhooks.py",
    "tests/accounts/test_purging.py",
    "tests/live/test_counting.py",
    "tests/dashboard/test_counters.py",
    *(
        f"tests/circuits/test_{name}.py"
        for name in ("knowing", "orders", "orders_in_trouble", "registry", "keeping", "written_down")
    ),
    "tests/worker/test_recording.py",
]
"""A stream of the ledger is locked by a row there; whoever writes waits for a row, and not for the whole database."""
ONLY_RACES = [
    "tests/approvals/core",
    "tests/approvals/conversation",
    "tests/worker/test_claims.py",
    "tests/circuits/limits/test_orders.py",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    races = [item for item in items if item.nodeid.startswith(tuple(ONLY_RACES)) and not re.search(RACES, item.nodeid)]
    config.hook.pytest_deselected(items=races)
    items[:] = [item for item in items if item not in races]
