"""What a process counted of its payloads reaches /metrics, and nothing of it is lost where it could not be written."""

import pytest

from tests.dashboard.test_counters import value
from tests.dashboard.test_metrics import temporal  # noqa: F401  (a fixture: found by its name here)
from worker import registry
from worker.payloads import sizes


@pytest.fixture(autouse=True)
def _nothing_yet():
    sizes._counted.clear()
    yield
    sizes._counted.clear()


def test_what_was_counted_is_added_up_on_metrics(client, db):
    assert value(client, "payload_packing_bytes", side="after") == 0
    sizes.add("payload_packing_bytes", 100, side="after")
    sizes.hand_on()
    sizes.add("payload_packing_bytes", 20, side="after")
    assert value(client, "payload_packing_bytes", side="after") == 120
    assert value(client, "payload_packing_bytes", side="after") == 120


def test_what_could_not_be_written_is_written_the_next_time(client, db, monkeypatch):
    sizes.add("payloads_packed", 3)

    def away(_counted):
        raise OSError("the database is away")

    monkeypatch.setitem(registry._handlers, "live.count", away)
    with pytest.raises(OSError, match="away"):
        sizes.hand_on()
    monkeypatch.undo()
    sizes.add("payloads_packed", 1)
    assert value(client, "payloads_packed") == 4
