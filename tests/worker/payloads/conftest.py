"""What the tests of payloads share: thresholds of their own, values of a size, workflows that carry them."""

import json
import os

import pytest
from temporalio.client import Client

from worker.payloads import sizes
from worker.payloads.config import KB, config
from worker.payloads.folder import Folder

BIG = {"title": "Laptops", "details": {"note": "x" * 40_000}}
"""A request that is kept outside."""


@pytest.fixture(autouse=True)
def _as_it_was():
    before = dict(vars(config))
    yield
    vars(config).update(before)


def value_of(size: int, mark: str = "") -> dict:
    """Some ``size`` bytes as JSON, as repetitive as real data is."""
    rows = [
        {"order": n, "customer": f"customer {n % 700}", "state": "shipped", "mark": mark} for n in range(size // 70)
    ]
    assert len(json.dumps(rows)) > size * 0.8
    return {"rows": rows}


@pytest.fixture
def stored(tmp_path):
    """The folder; nothing is packed, and from 16 KB on it lies there."""
    config.pack_from, config.move_from, config.folder = 0, 16 * KB, tmp_path / "payloads"
    sizes._counted.clear()
    return Folder(config.folder)


def file_of(stored):
    (blob,) = stored.all()
    return stored.root / blob.key


@pytest.fixture
def program(house):
    """A program with an SDK that knows nothing of Leitstand's converter."""
    return house.run(Client.connect(os.environ["TEMPORAL_ADDRESS"]))


def payloads_of(house, handle):
    """The first of each kind of event: what it was given, or gave."""
    found = {}
    for event in house.run(handle.fetch_history()).events:
        kind = event.WhichOneof("attributes")
        attributes = getattr(event, kind)
        for name in ("input", "result"):
            if name in attributes.DESCRIPTOR.fields_by_name:
                for payload in getattr(attributes, name).payloads:
                    found.setdefault(kind.removesuffix("_event_attributes"), payload)
    return found


def failures_of(house, handle):
    """Why its workflow tasks failed, in words."""
    events = house.run(handle.fetch_history()).events
    return [
        each.workflow_task_failed_event_attributes.failure.message
        for each in events
        if each.WhichOneof("attributes") == "workflow_task_failed_event_attributes"
    ]
