"""The activities about children of batches: counting what one has left behind, and ending them."""

import asyncio

from temporalio import activity

from worker import client, registry
from worker.activities.batches import SHORT, SHOWN
from worker.activities.running import RECORDING, in_thread
from worker.batch_children import ChildEnded, CountChild, EndChildren
from worker.batch_wire import ChunkDone, Gathered
from worker.chunks import children

AT_ONCE = 20


@activity.defn
async def count_child(given: CountChild) -> ChunkDone:
    return await in_thread(SHORT, children.count, given)  # type: ignore[no-any-return]


@activity.defn
async def leave_batch(uuid: str) -> Gathered:
    return await in_thread(SHORT, _left, uuid)  # type: ignore[no-any-return]


def _left(uuid: str) -> Gathered:
    return Gathered(None, registry.call("batches.first_failed", uuid, SHOWN))


@activity.defn
async def record_child(given: ChildEnded) -> bool:
    return bool(await in_thread(RECORDING, registry.call, "batches.record_child", given))


@activity.defn
async def end_children(given: EndChildren) -> bool:
    """On the loop of the client, which is another one than this activity's."""
    for at in range(0, len(given.children), AT_ONCE):
        some = given.children[at : at + AT_ONCE]
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_ended(some, given.reason), client.loop()))
        activity.heartbeat()
    return True


async def _ended(some: list[list[str]], reason: str) -> None:
    await asyncio.gather(*(_end(id, run, reason) for id, run in some))


async def _end(id: str, run: str, reason: str) -> None:
    """One that has ended meanwhile has ended."""
    try:
        await client.terminating(id, run_id=run, reason=reason)
    except client.NotFound:
        return
