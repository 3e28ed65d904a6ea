"""The rules of what a batch does while the circuit of its service is open: who is begun past it, held, or fails. Pure.

An item is held when its turn has come and nobody can serve it. It takes no place and burns no try; it is begun when
the circuit lets it through, and fails when it was held for as long as it may be.
"""

from collections.abc import Sequence
from dataclasses import replace

from worker.batch_orders import Steered
from worker.batch_rungs import HOLD
from worker.batch_state import Piece
from worker.batch_wire import ChunkDone, ServiceSays
from worker.resilience.ranges import Ranges

OPEN, TRIAL, PAST = "open", "trial", "past"
"""How the next piece is begun: through the circuit, as its trial, or past it by the rungs."""
FRESH = -1
"""The place of a chunk that was not begun yet; others are those in ``todo``."""
MOST_HELD = 2_000
"""Ranges of places that are held at most before nothing more is begun past the circuit: what is kept stays small."""
KEPT_RUNGS, OTHERS = 20, "others"
SHORTEST_REST, LONGEST_REST = 1.0, 5.0
"""Seconds for which nothing is begun through a circuit that has just refused a chunk, whatever is said of it."""


class Holding(Steered):
    """Of one batch; how it counts is :class:`worker.batch_counting.Batch`."""

    refused: ServiceSays | None = None
    """What a chunk found the circuit to be, and until when that is believed."""
    refused_until = 0.0

    # --- counts -------------------------------------------------------------------------------------------------

    @property
    def running_items(self) -> int:
        raise NotImplementedError

    def size(self, piece: Piece) -> int:
        return self.state.data.items_of(piece.chunk) if piece.only is None else len(Ranges(piece.only))

    @property
    def waiting(self) -> int:
        """Neither ended nor under way."""
        state = self.state
        return self.total - state.succeeded - state.degraded - state.failed - self.running_items

    @property
    def held(self) -> int:
        """What is to be run again counts as what it was, until it is begun."""
        if self.state.held_since:
            return self.waiting
        return sum(self.size(piece) for piece in self.state.todo if piece.held_since and not piece.again)

    @property
    def pending(self) -> int:
        return self.waiting - self.held

    @property
    def held_since(self) -> float:
        """The first of them; 0: none is held."""
        known = (since for piece in self.state.todo if not piece.again and (since := piece.held_since))
        return min((*known, *([self.state.held_since] if self.state.held_since else ())), default=0.0)

    def count_rungs(self, served: dict[str, int], sign: int = 1) -> None:
        """Of more rungs than are kept apart, the others are counted together."""
        rungs = self.state.rungs
        for name, number in served.items():
            kept = name if name in rungs or len(rungs) < KEPT_RUNGS else OTHERS
            rungs[kept] = max(0, rungs.get(kept, 0) + sign * number)

    # --- what is next -------------------------------------------------------------------------------------------

    def place(self, mode: str) -> int | None:
        """Of the next piece. Held ones go first as soon as they may, but others are tried before them; past the
        circuit go those that have not been there, and not those that somebody served there before."""
        todo = self.state.todo
        fresh = FRESH if self.state.next_chunk < self.state.data.chunks else None
        if mode == OPEN:
            return 0 if todo else fresh
        able = (at for at, piece in enumerate(todo) if not piece.held_since and not (mode == PAST and piece.redo))
        found = next(able, fresh)
        return 0 if found is None and todo and mode == TRIAL else found

    @property
    def may_pass(self) -> bool:
        """Whether rungs serve what the circuit refuses."""
        held = sum(len(piece.only or ()) or 1 for piece in self.state.todo if piece.held_since)
        return bool(self.state.plan.rungs) and held < MOST_HELD

    def expired(self, now: float) -> int | None:
        """The place of what was held for as long as it may be."""
        state = self.state
        limit = state.plan.hold_seconds
        if not (state.plan.on_open == HOLD and (state.held_since or any(piece.held_since for piece in state.todo))):
            return None
        whole = bool(state.held_since) and now >= state.held_since + limit
        for at, piece in enumerate(state.todo):
            if whole or (piece.held_since and now >= piece.held_since + limit):
                return at
        return FRESH if whole and state.next_chunk < state.data.chunks else None

    def until_expired(self, now: float) -> float | None:
        """Seconds; None where nothing is held."""
        state = self.state
        known = [piece.held_since for piece in state.todo if piece.held_since]
        since = min([*known, *([state.held_since] if state.held_since else [])], default=None)
        return None if since is None else max(since + state.plan.hold_seconds - now, 0.0)

    # --- holding and letting go ---------------------------------------------------------------------------------

    def hold(self, now: float) -> None:
        """Nothing of what waits can be served, or served better: all of it is held, from now on."""
        if not self.state.held_since and (self.waiting > 0 or self.state.todo) and self.state.plan.on_open:
            self.state.held_since = now

    def let_go(self) -> None:
        """The circuit lets through, or something else holds it up: those that were refused one by one go first."""
        self.state.held_since = 0.0

    def free(self) -> None:
        """Somebody has stopped it: nothing is held by a circuit any more."""
        self.let_go()
        self.state.todo = [replace(piece, held_since=0.0) for piece in self.state.todo]

    def note_refused(self, done: ChunkDone, now: float) -> None:
        """A worker knows of an opening before it is written down."""
        until = now + SHORTEST_REST if done.held_until is None else done.held_until
        self.refused_until = now + min(max(until - now, SHORTEST_REST), LONGEST_REST)
        self.refused = ServiceSays(cause="circuit", state="open", until=done.held_until, reason=done.held_reason)


def common(places: Ranges, some: Sequence[Sequence[int]]) -> Ranges:
    """Those of ``some`` that are among the places: whatever an activity says, items are not made of nothing."""
    return Ranges(
        (max(start, begin), min(end, stop))
        for begin, stop in places
        for start, end in some
        if max(start, begin) < min(end, stop)
    )


def without(places: Ranges, some: Ranges) -> Ranges:
    left = Ranges()
    for start, end in places:
        at = start
        for begin, stop in some:
            if stop <= at or begin >= end:
                continue
            left.add(at, max(at, begin))
            at = max(at, min(stop, end))
        left.add(at, max(at, end))
    return left
