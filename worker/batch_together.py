"""Which chunks go to a worker together, where their job never waits: each errand costs as much as a chunk. Pure."""

from worker.batch_counting import Batch
from worker.batch_state import BatchState, Piece
from worker.batch_strategy import ACTIVITIES
from worker.batch_wire import ChunkDone

SHORT = 100.0
"""Milliseconds of processor time: chunks that go together take no more than this, by those of the last minute."""
SLOWER = 20
"""By the clock so many times that: what computes is held up by others, but what takes seconds waits for something."""
ERRANDS = 6
"""So many are under way at least, where the window is full: several processes have something to do.

What follows from these numbers is in the histories of batches that run: others are for those that begin later."""


def together(batch: Batch, now: float) -> int:
    """So many chunks."""
    state = batch.state
    most = state.max_parallel // ERRANDS
    if (
        not state.quick
        or state.plan.strategy != ACTIVITIES
        or most < 2
        or state.pace
        or state.plan.service
        or state.todo
        or state.wishes
    ):
        return 1
    each = _cost(state, now)
    if each is None:
        return 1
    return max(1, min(most, state.data.chunks - state.next_chunk, int(SHORT / each) if each else most))


def _cost(state: BatchState, now: float) -> float | None:
    """Of a chunk, in milliseconds; None: none has ended yet."""
    items, busy = state.busy.sums(now) or (0, 0)
    if not items:
        return None
    _items, _job, _reading, standing, whole = state.costs.sums(now)
    return max(busy, (whole - standing) / SLOWER) / items * state.data.chunk_size


def gathers(batch: Batch, now: float) -> bool:
    """It begins none yet: so many are to go together that there is no place for all of them."""
    return batch.state.max_parallel - len(batch.running) < together(batch, now)


def begin_with(batch: Batch, piece: Piece, now: float) -> list[Piece]:
    """The chunks that go with one that was begun just now, and come right after it."""
    if piece.only is not None or piece.failed:
        return []
    number = min(together(batch, now), 1 + batch.state.max_parallel - len(batch.running))
    more = [batch.begin_next(now) for _ in range(number - 1)]
    return [each for each in more if isinstance(each, Piece)]


def end_all(batch: Batch, pieces: list[Piece], done: ChunkDone, now: float) -> None:
    """What was not begun is left as a whole."""
    for piece, each in zip(pieces, [done, *done.more], strict=False):
        batch.end(piece, each, now)
    for piece in pieces[1 + len(done.more) :]:
        batch.end(piece, ChunkDone(left=[[0, batch.size(piece)]]), now)
