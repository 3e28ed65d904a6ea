"""The activities of MapReduce, each with its name, types, timeouts and retries, so that the workflow reads as prose."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityHandle

from worker.batch_steps import in_turn, work
from worker.batch_wire import ChunkDone, Prepared, RunChunk
from worker.mapreduce_contract import ATTEMPTS, MAP_SECONDS, REDUCE_SECONDS
from worker.mapreduce_wire import CloseMapReduce, EndMap, GroupReduced, PrepareMapReduce, Reduced, ReduceGroup

THREE = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10), maximum_attempts=ATTEMPTS
)


def prepare_mapreduce(given: PrepareMapReduce) -> ActivityHandle[Prepared]:
    return work("prepare_mapreduce", given, Prepared, timedelta(hours=6))


def start_map(given: RunChunk) -> ActivityHandle[ChunkDone]:
    return in_turn("map_chunk", given.uuid, given, ChunkDone, MAP_SECONDS, THREE)


async def end_map(given: EndMap) -> ChunkDone:
    return await work("end_map", given, ChunkDone, timedelta(minutes=5))


def start_reduce(given: ReduceGroup) -> ActivityHandle[GroupReduced]:
    return in_turn("reduce_group", given.uuid, given, GroupReduced, REDUCE_SECONDS, THREE)


async def close_mapreduce(given: CloseMapReduce) -> Reduced:
    return await work("close_mapreduce", given, Reduced, timedelta(minutes=30))
