"""The activities of data sets: each in a thread that beats for it and stops with it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from worker import registry
from worker.activities.running import RECORDING, in_thread
from worker.chunks.calling import words
from worker.dataset_contract import DatasetNews, LoadSet, ProcessSet, SetReference
from worker.datasets import moving
from worker.datasets.moving import Moving
from worker.datasets.references import BadSource
from worker.payloads.folder import Owner
from worker.tidying import tidied

MOVING = ThreadPoolExecutor(4, thread_name_prefix="dataset")
BEAT = 2.0
ENDING = 5.0
"""Seconds for which one that was stopped is waited for."""


@activity.defn
async def load_dataset(given: LoadSet) -> SetReference:
    owner = _owner()
    return await _in_thread(lambda way: moving.load(given, owner, way))  # type: ignore[no-any-return]


@activity.defn
async def verify_dataset(given: SetReference) -> int:
    return await _in_thread(lambda _way: moving.verify(given))  # type: ignore[no-any-return]


@activity.defn
async def process_dataset(given: ProcessSet) -> Any:
    return await _in_thread(lambda way: moving.process(given, way))


@activity.defn
async def clean_up_dataset(kind: str) -> int:
    owner = _owner()
    return await _in_thread(lambda _way: moving.clean_up(kind, owner))  # type: ignore[no-any-return]


@activity.defn
async def record_dataset(given: DatasetNews) -> bool:
    await in_thread(RECORDING, registry.call, "datasets.record", given)
    return True


def _owner() -> Owner:
    """The run that called: what it stored is its own, whichever workflow it is."""
    info = activity.info()
    run = (info.workflow_namespace or "", info.workflow_id or "", info.workflow_run_id or "", info.workflow_type or "")
    return Owner(*run)


async def _in_thread(do: Callable[[Moving], Any]) -> Any:
    """Its errors in words; where no other try will help, there is none."""
    way = Moving()
    running = asyncio.get_running_loop().run_in_executor(MOVING, tidied, do, way)
    try:
        while not (await asyncio.wait({running}, timeout=BEAT))[0]:
            activity.heartbeat({"bytes": way.bytes})
        return running.result()
    except asyncio.CancelledError:
        way.stopped = True
        await asyncio.wait({running}, timeout=ENDING)
        raise
    except Exception as error:
        final = isinstance(error, BadSource)
        raise ApplicationError(words(error), type=type(error).__name__, non_retryable=final) from error
