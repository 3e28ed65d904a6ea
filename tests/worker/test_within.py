"""A limit of time that is looked at with others does what one with a timer of its own does."""

import asyncio
import time

import pytest

from worker import within as module
from worker.within import EVERY, within


async def test_what_takes_longer_ends_with_a_timeout_soon_after():
    began = time.monotonic()
    with pytest.raises(TimeoutError), within(0.05) as limit:
        await asyncio.sleep(60)
    assert limit.expired
    assert time.monotonic() - began >= 0.05
    assert asyncio.current_task().cancelling() == 0


async def test_what_ends_in_time_is_left_alone_and_nothing_is_looked_at_any_more():
    with within(0.15) as limit:
        await asyncio.sleep(0)
    await asyncio.sleep(0.15 + 2 * EVERY)
    assert not limit.expired
    looking = module._looking[asyncio.get_running_loop()]
    assert (looking.limits, looking._timer) == (set(), None)


async def test_each_of_many_has_its_own_limit():
    async def call(seconds, takes):
        try:
            with within(seconds):
                await asyncio.sleep(takes)
        except TimeoutError:
            return "over"
        return "done"

    calls = [call(0.3, 60), call(0.05, 60), call(60, 0.2), call(0.1, 0)]
    assert await asyncio.gather(*calls) == ["over", "over", "done", "done"]


async def test_a_shorter_one_that_begins_later_is_not_looked_at_late():
    async def longer():
        with within(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(longer())
    await asyncio.sleep(0)
    looking = module._looking[asyncio.get_running_loop()]
    first = looking.next
    limit = within(0.01)
    assert looking.next < first
    with pytest.raises(TimeoutError), limit:
        await asyncio.sleep(60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_cancels_the_task_is_not_told_of_a_timeout():
    async def call():
        with within(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("outer", "inner", "struck"), [(0.05, 60, "outer"), (60, 0.05, "inner")])
async def test_of_two_in_each_other_the_shorter_one_strikes(outer, inner, struck):
    said = []
    try:
        with within(outer):
            try:
                with within(inner):
                    await asyncio.sleep(60)
            except TimeoutError:
                said.append("inner")
    except TimeoutError:
        said.append("outer")
    assert said == [struck]


async def test_what_the_call_raises_by_itself_is_what_is_raised():
    with pytest.raises(ZeroDivisionError), within(60):
        raise ZeroDivisionError
    with pytest.raises(TimeoutError) as raised, within(60) as limit:
        raise TimeoutError("said the service")
    assert (str(raised.value), limit.expired) == ("said the service", False)
