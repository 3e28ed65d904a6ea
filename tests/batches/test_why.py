"""Why a batch is not faster: each cause is brought about with real workers, and the page's sentence read back."""

import asyncio
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from batches.models import Batch
from batches.page import batch_page
from circuits.models import Circuit, Service
from live import reader
from live.models import Pulse
from tests.temporal import InProcess, decisions_worker, until
from worker import batch_state
from worker import client as door
from worker.jobs import job, quick
from worker.registry import jobs
from worker.resilience import budget
from worker.resilience.history import HistoryBudget

ITEMS = [{"n": n} for n in range(40)]
BOTH = "leitstand, leitstand-work"


@pytest.fixture(autouse=True)
def a_worker(transactional_db, monkeypatch):
    reader.clear()
    beat()
    monkeypatch.setattr(budget, "CIRCUIT_POLL", 0.2)


def beat(queues: str = BOTH) -> None:
    now = timezone.now()
    about = {"host": "h", "pid": 1, "queues": queues, "started_at": now, "at": now, "temporal_at": now}
    Pulse.objects.update_or_create(worker="h:1:1", defaults=about)


@pytest.fixture
def payments():
    return Service.objects.create(name="payments", budget_calls=10, budget_seconds=3_600)


@pytest.fixture
def rates():
    """A service that no other test has called: what is reported of it late would write its circuit down as closed."""
    return Service.objects.create(name=f"rates-{uuid.uuid4().hex[:8]}", budget_calls=10, budget_seconds=3_600)


def why(batch, queues: str = BOTH):
    beat(queues)
    row = Batch.objects.filter(workflow_id=batch.handle.id).first()
    return batch_page(str(row.uuid)).why if row else None


def says(batch, *words: str, queues: str = BOTH) -> str:
    """The sentence, once all of this is in it."""
    seen: list[str] = []

    def said() -> str:
        found = why(batch, queues)
        sentence = unescape(re.sub(r"<[^>]*>", "", found.sentence)) if found else ""
        if sentence not in seen:
            seen.append(sentence)
        return sentence if all(word in sentence for word in words) else ""

    try:
        return str(until(said, seconds=30))
    except AssertionError:
        raise AssertionError(f"it said {seen}, never {words}") from None


def circuit(service: Service, state: str, **more: object) -> None:
    Circuit.objects.update_or_create(
        service=service.name, defaults={"state": state, "written_at": timezone.now(), **more}
    )


# --- limits ----------------------------------------------------------------------------------------------------------


def test_its_pace(batches, told):
    batch = batches.start(ITEMS, pace={"kind": "sliding_window", "limit": 5, "per_seconds": 3_600})
    batch.becomes("running", succeeded=5, running=0)
    assert says(batch) == "its pace binds: 5 an hour; not the workers: 0 of its 10 places are in use."
    batch.signal("set_limits", {"pace": {"kind": "token_bucket", "limit": 1, "per_seconds": 60.5}})
    says(batch, "its pace binds: 1 in 60.5 s")


def test_the_budget_of_a_service_and_who_shares_it(batches, told, payments):
    first = batches.start(ITEMS, service="payments")
    first.becomes("running", succeeded=10, running=0)
    sentence = says(first, "it waits for the budget of payments: 10 an hour. More may begin in 60 min.")
    assert "shared" not in sentence
    says(batches.start(ITEMS, service="payments"), "10 an hour, shared with 1 other batch.")


def test_the_circuit_of_a_service(batches, told, rates):
    circuit(rates, "open", retry_at=timezone.now() + timedelta(seconds=200), reason="5 failures in a row")
    batch = batches.start(ITEMS, service=rates.name)
    says(
        batch, f"the circuit {rates.name} is open (5 failures in a row): 40 items are held. It tries again in", "3 min."
    )
    says(batch, "Those held longest fail in 60 min if it is still open then.")
    assert f'<a href="/circuits/{rates.name}/">{rates.name}</a>' in why(batch).sentence
    circuit(rates, "forced_open", retry_at=None, reason="they <move>")
    assert f"{rates.name} was opened by hand" in says(batch, "It stays so until it is closed.")
    assert "(<bdi>they &lt;move&gt;</bdi>)" in why(batch).sentence


@pytest.fixture
def trying(told):
    """A job that asks the circuit by itself, or not at all."""

    @job("trying")
    async def trying(*, item: object, service: str) -> None:
        while not told.open.is_set():
            await asyncio.sleep(0.02)

    yield
    del jobs._known["trying"]


def test_the_circuit_is_being_tried(batches, told, rates, trying):
    circuit(rates, "open", retry_at=timezone.now() - timedelta(seconds=1))
    told.open.clear()
    batch = batches.start(ITEMS, "trying", service=rates.name)
    says(batch, f"the circuit {rates.name} is being tried: one item at a time is begun, 39 wait.")


def test_a_rolling_window_waits_for_its_slowest_and_rests(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, window="rolling", window_pause_seconds=300, max_parallel=2)
    says(batch, "its window is rolling: more begins when the slowest of its chunks has ended, which has run for")
    told.open.set()
    says(batch, "it rests between two windows, for", " more.")


def test_nothing_is_left_to_begin(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS)
    assert says(batch, "nothing is left") == "nothing is left to begin: the last 4 chunks run."


def test_a_new_run(batches, told, monkeypatch):
    monkeypatch.setattr(batch_state, "BUDGET", HistoryBudget(events=2, length=4_000))
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=2)
    batch.becomes("running", running=20)
    for number in range(3):
        batch.signal("set_limits", {"max_parallel": 2, "order_id": f"o-{number}"})
    says(batch, "its workflow goes on in a new run as soon as the chunks under way have ended (2).")


# --- all places are taken --------------------------------------------------------------------------------------------


def test_the_job_is_slow(batches, told):
    batch = batches.start(ITEMS, "order", job_args={"seconds": 0.5}, chunk_size=1, max_parallel=2)
    assert says(batch, "all its 2 places are taken, and busy: an item takes 0.5 s.").endswith(
        "if what it calls bears that."
    )


def test_how_long_an_item_takes_is_not_known_before_one_has_ended(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=1)
    says(batch, "its only place is taken, and no chunk has ended within the last minute", "is not known.")


@pytest.fixture
def computing():
    @job("computing")
    @quick
    def computing(*, item: object) -> None:
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            pass

    @job("nothing")
    @quick
    def nothing(*, item: object) -> None:
        pass

    yield
    for name in ("computing", "nothing"):
        del jobs._known[name]


def test_the_processor(batches, told, computing):
    batch = batches.start([{"n": n} for n in range(600)], "computing", chunk_size=4, max_parallel=5)
    says(
        batch,
        "all its 5 places are taken by chunks that stand in line for the processor",
        "Another worker would help",
    )


def test_the_source(batches, told, computing, upload):
    row = '{"text": "%s"}\n' % ("x" * 900_000)
    batch = batches.start(
        job="nothing", source={"uri": upload(row * 60, "large.jsonl"), "format": "jsonl"}, chunk_size=3, max_parallel=1
    )
    says(batch, "its only place is taken by chunks that read the source:")


# --- workers ---------------------------------------------------------------------------------------------------------


@contextmanager
def only_decisions(house) -> Iterator[None]:
    """The worker that serves workflows runs, and none that serves their work."""

    async def serve(over: asyncio.Event, up) -> None:
        async with decisions_worker(await door.connect(patient=True)):
            up()
            await over.wait()

    house.worker.stop()
    worker = InProcess(serve)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def test_no_worker_takes_work(batches, told, house):
    batch = batches.start(ITEMS, pace={"kind": "sliding_window", "limit": 10, "per_seconds": 3_600})
    batch.becomes("running", succeeded=10, running=0)
    with only_decisions(house):
        batch.signal("set_limits", {"pace": None, "max_parallel": 1})
        sentence = says(batch, "no worker has taken work for", "none runs that serves it.", queues="leitstand")
        assert int(re.search(r"for (\d+) s", sentence)[1]) >= 3
        says(batch, "1 piece of its work waits for a worker, for", "none is taken: the only worker has no place free")


def test_a_queue_that_ops_have_stopped_is_named_and_not_the_workers(batches, told):
    batch = batches.start(ITEMS, pace={"kind": "sliding_window", "limit": 10, "per_seconds": 3_600})
    batch.becomes("running", succeeded=10, running=0)
    door.limit_queue("leitstand-work", 0.0, identity="tests", reason="stopped")
    try:
        batch.signal("set_limits", {"pace": None, "max_parallel": 1})
        says(batch, "waits, for", "the limit of the queue is 0, so no worker is handed any")
    finally:
        door.limit_queue("leitstand-work", None, identity="tests", reason="the test is over")
    batch.becomes("completed", succeeded=len(ITEMS))


def test_all_places_of_the_workers_are_taken_by_other_work(batches, told):
    told.open.clear()
    other = batches.start([{"n": n} for n in range(49)], chunk_size=1, max_parallel=49)
    other.becomes("running", running=49)
    batch = batches.start([{"n": n} for n in range(100, 105)], chunk_size=1, max_parallel=5)
    says(
        batch,
        "4 pieces of its work wait for a worker, for",
        "the only worker has no place free. More workers would help.",
    )


def test_a_worker_that_cannot_do_its_work(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=1)
    batch.becomes("running", running=10)
    kept = jobs._known.pop("told")
    told.open.set()
    try:
        says(batch, "a worker cannot do its work now, and tries again: “This worker does not know the job 'told'.")
    finally:
        jobs._known["told"] = kept


# --- what is not said ------------------------------------------------------------------------------------------------


def test_of_one_that_is_paused_or_has_ended_its_state_says_enough(batches, told):
    told.open.clear()
    batch = batches.start(ITEMS, max_parallel=1)
    batch.becomes("running", running=10)
    batch.signal("pause", "olga")
    batch.becomes("pausing")
    assert why(batch) is None
    told.open.set()
    batch.becomes("paused")
    assert why(batch) is None
    batch.signal("cancel", "olga")
    batch.result()
    assert why(batch) is None


def test_the_page_shows_it(batches, told, client, rita):
    batch = batches.start(ITEMS, pace={"kind": "sliding_window", "limit": 5, "per_seconds": 3_600})
    says(batch, "its pace binds")
    client.force_login(rita)
    page = client.get(batch.row.get_absolute_url()).content.decode()
    assert "<b>Why not faster:</b> its pace binds: 5 an hour;" in page
