"""What a worker takes at once and a second is set per queue; the server's own limit holds for all of them together."""

import asyncio
import math
import threading
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from temporalio import activity, workflow

from dashboard import per_queue
from live.queries import system
from tests.temporal import LONG, until
from worker import client as door
from worker import queues
from worker.running import Process
from worker.slots import Counting

# --- the settings -----------------------------------------------------------------------------------------------


def test_a_setting_names_queues_and_numbers():
    assert per_queue.whole("X", "leitstand-work=20, leitstand = 300,") == {"leitstand-work": 20, "leitstand": 300}
    assert per_queue.rates("X", "leitstand-work=0.5") == {"leitstand-work": 0.5}
    assert per_queue.rates("X", "") == {}


@pytest.mark.parametrize("text", ["20", "q=", "=5", "q=0", "q=-1", "q=nan", "q=inf", "q=1.5", "q=a", "q=2000000"])
def test_a_number_of_slots_that_makes_no_sense_is_refused_in_words(text):
    with pytest.raises(ImproperlyConfigured, match=r"X: .* is not understood\. Write queue=number"):
        per_queue.whole("X", text)


@pytest.mark.parametrize("text", ["q=0", "q=-1", "q=nan", "q=inf", "q=a"])
def test_a_rate_that_makes_no_sense_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="a number above 0"):
        per_queue.rates("X", text)


def test_what_is_set_for_a_queue_is_what_its_worker_offers(settings):
    settings.LEITSTAND_WORKER_SLOTS = {"leitstand-work": 7}
    settings.LEITSTAND_WORKER_PER_SECOND = {"leitstand-work": 20.0}
    settings.LEITSTAND_QUEUE_PER_SECOND = {"leitstand": 90.0}
    decisions, work = queues.all_queues()
    assert (work.slots, work.per_second, work.queue_per_second) == (7, 20.0, None)
    assert (decisions.slots, decisions.per_second, decisions.queue_per_second) == (1_000, None, 90.0)


# --- with the server --------------------------------------------------------------------------------------------


@activity.defn
async def nothing() -> None:
    return None


let_go = threading.Event()


@activity.defn
async def waits() -> None:
    while not let_go.is_set():
        await asyncio.sleep(0.02)


@workflow.defn(sandboxed=False)
class Many:
    @workflow.run
    async def run(self, number: int, what: str) -> None:
        limit = timedelta(seconds=LONG)
        running = [workflow.execute_activity(what, start_to_close_timeout=limit) for _ in range(number)]
        await asyncio.gather(*running)


class Queue:
    """A queue of its own with the product's worker on it, for workflow and activities: eager ones would be possible."""

    def __init__(self, house, **options):
        self.house, self.name = house, f"q-{uuid.uuid4().hex[:8]}"
        self.counting = Counting()
        self._queue = replace(queues.Queue(self.name, 50, [nothing, waits], [Many]), **options)
        self._stack = AsyncExitStack()

    def open(self):
        work = queues.worker(self.house.client, self._queue, "tests", self.counting)
        self.house.run(self._stack.enter_async_context(work))
        return self

    def begin(self, number, what="nothing"):
        return self.house.start(number, what, workflow="Many", task_queue=self.name)

    def close(self):
        self.house.run(self._stack.aclose())


@pytest.fixture
def queue(house):
    opened = []

    def make(**options):
        opened.append(Queue(house, **options).open())
        return opened[-1]

    yield make
    for each in opened:
        door.limit_queue(each.name, None, identity="tests", reason="the test is over")
        each.close()


def seconds_for(queue, number):
    began = time.monotonic()
    queue.house.result(queue.begin(number))
    return time.monotonic() - began


def test_the_server_tells_a_limit_with_who_set_it_why_and_when_and_forgets_it_when_it_is_reset(queue):
    made = queue()
    before = door.queue_told(made.name)
    assert (before.limit, before.source, before.set_at) == (None, "system", 0.0)
    door.limit_queue(made.name, 12.5, identity="olga", reason="their night")
    told = door.queue_told(made.name)
    assert (told.limit, told.effective, told.source) == (12.5, 12.5, "api")
    assert (told.set_by, told.set_reason) == ("olga", "their night")
    assert abs(told.set_at - time.time()) < LONG
    door.limit_queue(made.name, None, identity="otto", reason="it is over")
    told = until(lambda: (now := door.queue_told(made.name)).source == "system" and now)
    assert (told.limit, told.set_by, told.set_reason) == (None, "otto", "it is over")


def test_the_queues_limit_slows_activities_whatever_the_worker_could(queue):
    """Twelve at four a second take two seconds at least."""
    made = queue()
    door.limit_queue(made.name, 4.0, identity="tests", reason="slow")
    assert seconds_for(made, 12) > 1.5


def test_a_limit_of_nothing_stops_the_queue_and_its_backlog_is_told_until_it_is_reset(queue):
    """None comes past it: the worker of the workflow could take them eagerly, and must not."""
    made = queue()
    door.limit_queue(made.name, 0.0, identity="tests", reason="stop")
    flow = made.begin(5)
    told = until(lambda: (found := door.queue_told(made.name)).backlog == 5 and found.oldest > 0 and found)
    assert (told.limit, told.effective) == (0.0, 0.0)
    door.limit_queue(made.name, None, identity="tests", reason="go")
    made.house.result(flow)


def test_a_workers_own_option_for_the_queue_is_told_as_such_and_the_servers_stands_above_it(queue):
    made = queue(queue_per_second=10.0)
    until(lambda: door.queue_told(made.name).source == "worker")
    assert door.queue_told(made.name).effective == 10.0
    door.limit_queue(made.name, 40.0, identity="tests", reason="more")
    told = door.queue_told(made.name)
    assert (told.effective, told.source) == (40.0, "api")


def test_a_worker_that_may_begin_few_a_second_does(queue):
    assert seconds_for(queue(per_second=4.0), 12) > 1.5


def test_what_runs_is_counted_and_never_more_than_there_are_slots(queue):
    let_go.clear()
    made = queue(slots=3)
    flow = made.begin(6, "waits")
    until(lambda: made.counting.now == 3)
    let_go.set()
    made.house.result(flow)
    until(lambda: made.counting.now == 0)


@pytest.mark.parametrize("number", [-1.0, -math.inf])
def test_what_the_server_will_never_take_is_told_apart(queue, number):
    with pytest.raises(door.NotTaken, match="INVALID_ARGUMENT"):
        door.limit_queue(queue().name, number, identity="tests", reason="nonsense")


def test_with_temporal_down_nothing_was_sent(temporal_server, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    door.forget()
    try:
        with pytest.raises(door.ClientError):
            door.queue_told("leitstand-work")
        with pytest.raises(door.Unreachable):
            door.limit_queue("leitstand-work", 1.0, identity="tests", reason="none")
    finally:
        monkeypatch.undo()
        door.forget()


def test_a_process_says_in_its_pulse_what_it_offers_to_each_queue(db, settings):
    settings.LEITSTAND_WORKER_PER_SECOND = {"leitstand-work": 20.0}
    process = Process(queues.all_queues())
    process.counting["leitstand-work"].now = 2
    process._beat()
    said = system().living[0].serving
    assert said["leitstand-work"] == {
        "slots": 50,
        "used": 2,
        "per_second": 20.0,
        "queue_per_second": None,
        "hanging": 0,
    }
    assert said["leitstand"]["slots"] == 1_000
