"""The activities of MapReduce: a map and a reduce each in a thread of its own, with heartbeats."""

from collections.abc import Awaitable
from typing import TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from worker.activities.batches import LONG, SHORT, InItsThread, silent
from worker.activities.running import in_thread
from worker.batch_wire import ChunkDone, Prepared, RunChunk
from worker.chunks.calling import words
from worker.datasets.references import BadSource
from worker.hanging import TooManyHang
from worker.mapreduce import mapping, preparing, reducing
from worker.mapreduce.mapping import MapRun
from worker.mapreduce.reducing import ReduceRun
from worker.mapreduce_wire import CloseMapReduce, EndMap, GroupReduced, PrepareMapReduce, Reduced, ReduceGroup
from worker.resilience.fallback import NotAgain

T = TypeVar("T")


@activity.defn
async def prepare_mapreduce(given: PrepareMapReduce) -> Prepared:
    return await in_thread(LONG, preparing.prepare, given, silent)  # type: ignore[no-any-return]


@activity.defn
async def map_chunk(given: RunChunk) -> ChunkDone:
    return await _in_words(InItsThread(MapRun(given, activity.info().attempt)).ended())


@activity.defn
async def end_map(given: EndMap) -> ChunkDone:
    return await in_thread(SHORT, mapping.end, given)  # type: ignore[no-any-return]


@activity.defn
async def reduce_group(given: ReduceGroup) -> GroupReduced:
    return await _in_words(InItsThread(ReduceRun(given)).ended())


@activity.defn
async def close_mapreduce(given: CloseMapReduce) -> Reduced:
    return await in_thread(LONG, reducing.close, given)  # type: ignore[no-any-return]


async def _in_words(call: Awaitable[T]) -> T:
    """What a function raised, as people are told it, and no more: its own words may be longer than a payload should be.

    Where no other try will help, there is none.
    """
    try:
        return await call
    except (Exception, SystemExit) as error:
        activity.logger.warning("A map or a reduce failed.", exc_info=error)
        final = isinstance(error, NotAgain | BadSource) and not isinstance(error, TooManyHang)
        raise ApplicationError(words(error), type=type(error).__name__, non_retryable=final) from None
