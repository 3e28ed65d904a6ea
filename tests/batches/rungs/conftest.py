"""What the tests of rungs share: a job that is broken and mended, jobs that stand in for it, a circuit of their own."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from circuits.models import Service
from tests.batches.pages.conftest import alive as alive  # a fixture
from tests.batches.pages.conftest import see as see  # a fixture
from tests.batches.pages.conftest import temporal as temporal  # a fixture
from tests.batches.starting.conftest import starting as starting  # a fixture
from tests.batches.terminal.conftest import batch as batch  # a fixture
from tests.batches.terminal.conftest import file as file  # a fixture
from tests.worker.guarding import guarded
from worker.chunks import rungs
from worker.jobs import job
from worker.registry import jobs
from worker.resilience.fallback import NotAgain


class Shop:
    """How ``charge`` and its stand-ins ``cache`` and ``popular`` behave, and how often each was called."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.slow = 0.0
        self.fails_for: set[int] = set()
        self.mended = False
        """Whatever items say."""

    def does(self, name: str, key: str, item: Any) -> Any:
        self.calls[name] += 1
        self.keys.add(key)
        word = item.get(name, "") if isinstance(item, dict) else ""
        if self.mended:
            return {"by": name}
        if word == "never":
            raise NotAgain(f"{name} knows no such order")
        if word == "exits":
            raise SystemExit(3)
        if word == "odd":
            return {1, 2}
        number = item.get("n") if isinstance(item, dict) else None
        if number in self.fails_for and name == "charge":
            raise OSError("it is hard to please")
        if name in self.broken or word == "raises":
            raise OSError(f"{name} is down")
        return {"by": name}


@pytest.fixture
def shop():
    mind = Shop()

    @job("charge")
    async def charge(*, key: str, item: Any) -> Any:
        await asyncio.sleep(mind.slow)
        return mind.does("charge", key, item)

    @job("cache")
    async def cache(*, key: str, item: Any, hangs: bool = False) -> Any:
        await asyncio.sleep(60 if hangs else 0)
        return mind.does("cache", key, item)

    @job("popular")
    def popular(*, key: str, item: Any) -> Any:
        return mind.does("popular", key, item)

    yield mind
    for name in ("charge", "cache", "popular"):
        del jobs._known[name]


@pytest.fixture
def circuit(house, monkeypatch, transactional_db):
    """A registered service with a circuit of its own, and the guard that all chunks of this test go through."""
    with guarded(house) as made:
        monkeypatch.setattr(rungs, "guard", made.guard)
        Service.objects.create(name=made.service, title="Payments")
        yield made
