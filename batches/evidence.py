"""What is known of why a batch is as slow as it is, beside its own words: its work as Temporal has it, the workers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batches.kept import Kept
from batches.models import State
from batches.told import Told
from circuits.limits import page as limits
from live.once import once
from live.queries import system
from worker import client
from worker.batch_strategy import PER_CHUNK, PER_ITEM
from worker.client import Pending
from worker.steps import WORK_QUEUE

HOLDS = 1.5
"""Seconds for which an answer of Temporal's will do, whoever looks."""
CHUNKS = ("run_chunk", "map_chunk")
WORK = (
    *CHUNKS, "prepare_batch", "count_chunk", "find_failed", "close_batch",
    "prepare_mapreduce", "end_map", "reduce_group", "close_mapreduce",
)  # fmt: skip
"""What the workers of ``leitstand-work`` do for a batch."""

CHILDREN = 20
"""Open children that are asked one by one how far they are; of more nothing is known until they end."""

MOVING = (State.PREPARING, State.RUNNING, State.PAUSING, State.STOPPING)

_kept: Kept["Evidence"] = Kept(500)


@dataclass(frozen=True)
class Work:
    """Of its work under way: what no worker has taken, and since when; what is done now; what is tried again later, for
    it failed; what is begun again in a moment, for its worker was lost.

    ``beats``: what the heartbeats of its chunks told last.
    """

    waiting: int = 0
    since: float = 0.0
    taken: int = 0
    failing: int = 0
    failure: str = ""
    lost: int = 0
    beats: Sequence[Any] = ()


@dataclass(frozen=True)
class Evidence:
    """``work`` None: not known. ``workers``: processes that live and serve work, where something waits for one.

    ``limit``: activities a second that the work's queue hands out, where that holds work back though places are free.
    """

    work: Work | None = None
    workers: int = 0
    limit: float | None = None


def evidence(told: Told) -> Evidence:
    """Of one that has something under way; else nothing is asked."""
    if not told.live or told.state not in MOVING:
        return Evidence()
    name, children = told.row.workflow_id, CHILDREN if told.progress.get("strategy") in (PER_CHUNK, PER_ITEM) else 0
    return _kept.get((name, int(time.time() / HOLDS)), lambda: read(name, children))


def read(workflow_id: str, children: int = 0) -> Evidence:
    """The workers are looked at where something waits for them."""
    try:
        work = work_of(client.pending(workflow_id, children=children))
    except client.ClientError:
        return Evidence()
    return Evidence(work, _serving(), _limit()) if work.waiting else Evidence(work)


def _serving() -> int:
    return sum(each.serves(WORK_QUEUE) for each in once(("system",), system).living)


def _limit() -> float | None:
    found = limits.queue(WORK_QUEUE)
    return found.queue_limit if found.holds in ("limited", "stopped") else None


def work_of(pending: list[Pending]) -> Work:
    mine = [each for each in pending if each.kind in WORK]
    waiting = [each.since for each in mine if each.state == "waiting"]
    resting = [each for each in mine if each.state == "resting"]
    failures = [each.failure for each in resting if not each.lost]
    return Work(
        waiting=len(waiting),
        since=min(waiting, default=0.0),
        taken=sum(each.state == "taken" for each in mine),
        failing=len(failures),
        failure=next(iter(failures), ""),
        lost=len(resting) - len(failures),
        beats=tuple(each.beat for each in mine if each.kind in CHUNKS and each.beat is not None),
    )
