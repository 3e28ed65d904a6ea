"""What was given up on and does not come back holds its thread: so many are borne, then no more are begun."""

import asyncio
import threading

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from tests.temporal import until
from worker.activities.batches import InItsThread
from worker.activities.mapreduce import _in_words
from worker.hanging import HANGING
from worker.queues import Queue
from worker.running import Process
from worker.steps import WORK_QUEUE


class Hangs:
    """A map that never returns, until ``over``."""

    def __init__(self):
        self.begun, self.over, self.lost = threading.Event(), threading.Event(), False

    def run(self):
        self.begun.set()
        self.over.wait(60)
        return "too late"

    def stop(self):
        raise AssertionError("nobody asked it to")

    def lose(self):
        self.lost = True

    def beat(self):
        return {}


@pytest.fixture
def one(monkeypatch):
    """A worker process bears one."""
    monkeypatch.setattr(HANGING, "most", 1)
    assert HANGING.number == 0
    run = Hangs()
    yield run
    run.over.set()
    until(lambda: HANGING.number == 0, what="its thread has ended")


async def mapped(run):
    """As the activity of a map does."""
    return await _in_words(InItsThread(run).ended())


def given_up(run):
    """As an activity whose time is up."""

    async def main():
        environment = ActivityEnvironment()
        task = asyncio.ensure_future(environment.run(mapped, run))
        await asyncio.to_thread(run.begun.wait, 60)
        environment.cancel(activity.ActivityCancellationDetails(timed_out=True))
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_one_too_many_is_refused_in_words_and_another_worker_may_take_it(one):
    given_up(one)
    assert one.lost
    assert HANGING.number == 1
    with pytest.raises(Exception, match="1 calls hang in this worker already") as refused:
        asyncio.run(ActivityEnvironment().run(mapped, Hangs()))
    assert not refused.value.non_retryable
    one.over.set()
    until(lambda: not HANGING.full, what="its thread has ended")
    over = Hangs()
    over.over.set()
    assert asyncio.run(ActivityEnvironment().run(mapped, over)) == "too late"


def ended(queues, **more):
    """Whether a process that serves these ends by itself."""

    async def main():
        process = Process(queues, 1, **more)
        process._loop = asyncio.get_running_loop()
        process._give_up()
        await asyncio.sleep(0)
        return process._stop.is_set()

    return asyncio.run(main())


WORK, DECISIONS = Queue(WORK_QUEUE, 50), Queue("leitstand", 50)


def test_a_process_that_only_works_ends_then_for_another_takes_its_place(one):
    assert not ended([WORK], replaced=True)
    given_up(one)
    assert ended([WORK], replaced=True)
    assert not ended([WORK]), "nobody would begin it again"
    assert not ended([DECISIONS, WORK], replaced=True), "decisions go on"
