"""What the tests of batches share: jobs that do as they are told, files in the uploads, and how a batch is followed."""

import asyncio
import json
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from temporalio.service import RPCError

from batches.models import Batch, Failure, FailureGroup
from tests.temporal import House, until
from worker.datasets.references import address_of
from worker.jobs import cooperative, job, quick
from worker.registry import jobs
from worker.resilience.fallback import NotAgain

SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")


class Told:
    """How the job ``told`` behaves: by the item's own words. It counts its calls, and can be held up."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.open = threading.Event()
        self.open.set()
        self.permits: threading.Semaphore | None = None
        """Where there are any, ``told`` takes one for each call."""
        self.well: set[Any] = set()
        """Words that have stopped being bad."""

    def does(self, key: str, item: Any) -> Any:
        self.calls[json.dumps(item)] += 1
        self.keys.add(key)
        word = item.get("word", "") if isinstance(item, dict) else item
        if word in self.well:
            return item
        if word == "raises":
            raise ValueError(f"order {item['n']} of 'somebody' was refused")
        if word == "never":
            raise NotAgain("there is no such order")
        if word == "odd":
            return {1, 2}
        if word == "nan":
            return float("nan")
        if word == "exits":
            raise SystemExit(3)
        if word == "interrupts":
            raise KeyboardInterrupt
        if word == "degraded":
            return {"degraded": True}
        return item


@pytest.fixture
def told():
    """The jobs ``told`` (waits while it is held up), ``told_together``, ``told_quick`` and ``told_plain``: one mind."""
    mind = Told()

    @job("told")
    async def told(*, key: str, item: Any) -> Any:
        mind.loops.add(asyncio.get_running_loop())
        while not mind.open.is_set():
            await asyncio.sleep(0.02)
        while mind.permits and not mind.permits.acquire(blocking=False):
            await asyncio.sleep(0.02)
        if isinstance(item, dict) and item.get("word") == "hangs":
            await asyncio.sleep(3_600)
        if isinstance(item, dict) and item.get("apart"):
            return await asyncio.create_task(_apart(key, item))
        return mind.does(key, item)

    async def _apart(key: str, item: Any) -> Any:
        return mind.does(key, item)

    @job("told_together")
    @cooperative
    async def told_together(*, key: str, item: Any) -> Any:
        return await told(key=key, item=item)

    @job("told_quick")
    @quick
    def told_quick(*, key: str, item: Any) -> Any:
        return mind.does(key, item)

    @job("told_plain")
    def told_plain(*, key: str, item: Any) -> Any:
        mind.open.wait(60)
        if isinstance(item, dict) and item.get("word") == "hangs":
            time.sleep(5)
        return mind.does(key, item)

    yield mind
    mind.open.set()
    for name in ("told", "told_together", "told_quick", "told_plain"):
        del jobs._known[name]


@pytest.fixture
def upload():
    """Put a file into the uploads: its address."""

    def put(content: str | bytes, name: str = "") -> str:
        folder = Path(settings.DATA_DIR) / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (name or f"{uuid.uuid4()}.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return address_of(path)

    return put


class Batches:
    """Batches as a program sees them."""

    def __init__(self, house: House) -> None:
        self.house = house

    def start(self, items: Any = None, job: str = "told", source: Any = None, **spec: Any) -> "Running":
        given = {"title": "Orders", "job": job, "source": source or {"items": items}, "chunk_size": 10, **spec}
        return self.start_given(given)

    def start_given(self, *args: Any, **more: Any) -> "Running":
        id = more.pop("id", f"batch-{uuid.uuid4()}")
        return Running(self.house, self.house.start(*args, workflow="BatchWorkflow", id=id, **more))


class Running:
    """One batch."""

    def __init__(self, house: House, handle: Any) -> None:
        self.house, self.handle = house, handle

    def told(self) -> dict[str, Any]:
        found = self.house.ask(self.handle, "get_progress")
        assert sum(found[name] for name in SIX) == found["total"], found
        return found

    def becomes(self, state: str, **counts: int) -> dict[str, Any]:
        wanted = {"state": state, **counts}

        def there() -> dict[str, Any] | None:
            try:
                found = self.told()
            except RPCError:  # a busy machine answers late: it is asked again
                return None
            return found if {name: found[name] for name in wanted} == wanted else None

        try:
            return until(there, what=f"it is {wanted}")
        except AssertionError:
            raise AssertionError(f"it is {self.told()}, not {wanted}") from None

    def signal(self, name: str, *args: Any) -> None:
        self.house.signal(self.handle, name, *args)

    def result(self) -> dict[str, Any]:
        found = self.house.result(self.handle)
        if found["status"] != "invalid":
            parts = ("successful", "degraded", "failed", "not_run")
            assert sum(found[name] for name in parts) == found["total"], found
        return found

    @property
    def row(self) -> Batch:
        return Batch.objects.get(workflow_id=self.handle.id)

    def failures(self) -> list[tuple[str, str]]:
        return list(Failure.objects.filter(batch=self.row).order_by("number").values_list("key", "error"))

    def groups(self) -> dict[str, int]:
        found = FailureGroup.objects.filter(batch=self.row, number__gt=0)
        return dict(found.values_list("words", "number"))

    def results(self) -> list[dict[str, Any]]:
        """What the jobs returned, from the file that the result names."""
        reference = self.result()["results"]
        if reference is None:
            return []
        content = Path(reference["uri"].removeprefix("file://")).read_text()
        assert len(content.encode()) == reference["size"]
        return [json.loads(line) for line in content.splitlines()]


@pytest.fixture
def batches(house, told):
    return Batches(house)
