"""Which of all that may hold a batch up binds it now, as its own loop knows it. Pure."""

from worker.batch_contract import ROLLING as ROLLING_WINDOW
from worker.batch_counting import Batch
from worker.batch_together import gathers
from worker.batch_waiting import (
    DRAINING,
    LAST,
    PACE,
    PARALLEL,
    PAUSED,
    RESTING,
    ROLLING,
    STOPPING,
    Waits,
)
from worker.batch_wire import ServiceSays


def binding(batch: Batch, now: float, wait: float, draining: bool, says: ServiceSays | None) -> Waits:
    """After it has begun what it may: ``wait`` seconds until time allows more, ``says`` what a service refused."""
    state = batch.state
    if state.stopping:
        return Waits(STOPPING)
    if state.paused:
        return Waits(PAUSED)
    if draining:
        return Waits(DRAINING)
    if state.plan.window == ROLLING_WINDOW and (batch.running or now < state.rest_until):
        return Waits(ROLLING) if batch.running else Waits(RESTING, until=state.rest_until)
    if len(batch.running) >= state.max_parallel or (batch.running and gathers(batch, now)):
        return Waits(PARALLEL, limit=state.max_parallel)
    if wait and says is not None:
        return _refused(says)
    return _paced(batch, now + wait) if wait else Waits(LAST)


def _refused(says: ServiceSays) -> Waits:
    return Waits(
        says.cause,
        until=says.until,
        limit=says.limit,
        per_seconds=says.per_seconds,
        others=says.others,
        state=says.state,
        reason=says.reason,
    )


def _paced(batch: Batch, until: float) -> Waits:
    """Of several limits the one that allows least in the long run."""
    if not batch.state.pace:  # taken away while it asked its service: the next turn knows
        return Waits(LAST)
    least = min(batch.state.pace, key=lambda each: each.limit / each.per_seconds)
    return Waits(PACE, until=until, limit=least.limit, per_seconds=least.per_seconds)
