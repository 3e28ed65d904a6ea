"""Decisions while a large batch runs at full speed: how long until their receipt, compared with an idle house."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.bench.measuring.house import QUEUE, Browser, House
from tests.bench.measuring.table import Table, median, ms, p95

PAUSE = 0.05
"""Seconds between two decisions, so that what follows one does not slow down the next."""
WARM, MOST = 5, 100


def receipts(house: House, table: Table, file: Callable[[Path], Path], chunk: int, parallel: int) -> None:
    """POST until "recorded": first alone, then while the batch runs, then alone again."""
    maria = house.person("maria", "manager")
    requests = house.requests(WARM + 2 * MOST, amount=20_000)
    path = file(house.up.data / "uploads")
    idle = [_took(maria, one) for one in requests[: WARM + MOST // 2]][WARM:]
    name = _begin(path, chunk, parallel)
    busy = []
    for one in requests[WARM + MOST :]:
        busy.append(_took(maria, one))
        if _ended(name):
            busy.pop()
            break
    _until_ended(name)
    idle += [_took(maria, one) for one in requests[WARM + MOST // 2 : WARM + MOST]]
    table.add(f"Decision until recorded, idle, {len(idle)} times: median, 95th percentile", _both(idle))
    table.add(f"  while a batch runs, {len(busy)} times", _both(busy))
    for words, of in (("median", median), ("95th percentile", p95)):
        ratio = of(busy) / of(idle)
        table.add(f"  compared with idle, {words}", f"{ratio:.2f} times", "<= 1.5", ratio <= 1.5)


def _both(took: list[float]) -> str:
    return f"{ms(median(took))}, {ms(p95(took))}"


def _took(person: Browser, request: uuid.UUID) -> float:
    begun = time.perf_counter()
    receipt = person.decide(request, "manager")
    seconds = time.perf_counter() - begun
    assert receipt["state"] == "recorded", receipt
    time.sleep(PAUSE)
    return seconds


def _begin(path: Path, chunk: int, parallel: int) -> str:
    """Returns when its items are being run."""
    from tests.up.running import until
    from worker import client

    name = f"batch-{uuid.uuid4()}"
    spec = {"title": "Bench", "job": "echo", "source": {"uri": path.as_uri()}}
    spec |= {"chunk_size": chunk, "max_parallel": parallel}
    client.start("BatchWorkflow", [spec], workflow_id=name, task_queue=QUEUE)
    until(lambda: _state(name) not in ("", "preparing"), "the batch to run")
    return name


def _state(name: str) -> str:
    from batches.models import Batch

    return str(Batch.objects.filter(workflow_id=name).values_list("state", flat=True).first() or "")


def _ended(name: str) -> bool:
    return _state(name) in ("completed", "failed")


def _until_ended(name: str) -> None:
    from tests.up.running import until

    until(lambda: _ended(name), "the batch to end", 600)
    assert _state(name) == "completed"
