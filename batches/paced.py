"""How fast a batch is and when it ends, from what was written down of it: in its own time, under its limits of now."""

from collections.abc import Sequence

from batches import eta, queries
from batches.eta import Left, Seen
from batches.models import Batch


def ends(row: Batch, ended: int, at: float) -> Left | None:
    """When it ends, epoch seconds."""
    left = eta.left(_seen(row, ended, at), int(row.total))
    return Left(at + left.low, at + left.high) if left else None


def unsteady(row: Batch, at: float) -> bool:
    """Within the last minute it was paused, or got other limits: then a mean over that minute says nothing."""
    since = at - eta.MINUTE
    return queries.limited_at(row) > since or any(end > since for _begin, end in queries.pauses(row))


def speed(row: Batch, ended: int, at: float) -> float | None:
    """Items a second of its own last minute. None: too early to say."""
    return eta.lately(_seen(row, ended, at))


def still(row: Batch, ended: int, at: float) -> float:
    """Seconds of its own time since the last chunk ended, as far as that is written down."""
    dots, rests = queries.dots(row), queries.pauses(row)
    if not dots or ended != dots[-1].done:
        return 0.0
    since = next(dot.at for dot in dots if dot.done >= ended)
    return max(0.0, _worked(at, rests) - _worked(since, rests))


def _seen(row: Batch, ended: int, at: float) -> Sequence[Seen]:
    """Without the time in which it was paused, and from its last limits on."""
    rests = queries.pauses(row)
    seen = [Seen(_worked(dot.at, rests), dot.done) for dot in queries.dots(row)]
    return eta.since([*seen, Seen(_worked(at, rests), float(ended))], _worked(queries.limited_at(row), rests))


def _worked(at: float, rests: Sequence[tuple[float, float]]) -> float:
    """That time without the time in which it was paused before."""
    return at - sum(max(0.0, min(end, at) - begin) for begin, end in rests if begin < at)
