"""The rules of a batch's counting: what is begun next, and what became of it. Pure.

An item is always one of six: succeeded, degraded, failed, held, running or pending. What is running is known only to
the run that started it, so a new run begins when nothing is.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from worker.batch_contract import PAUSE, Ordered
from worker.batch_holding import FRESH, OPEN, Holding, common, without
from worker.batch_state import BatchState, Piece, Wish
from worker.batch_wire import ChunkDone, FindFailed, FoundFailed
from worker.resilience.pace import Pace
from worker.resilience.ranges import Ranges

KEPT_LASTED = 31


class Batch(Holding):
    """One batch. ``running`` is what this run has under way."""

    def __init__(self, state: BatchState, answers: Callable[[], bool] = lambda: True) -> None:
        super().__init__(state, answers)
        self.running: dict[int, Piece] = {}

    # --- counts -------------------------------------------------------------------------------------------------

    @property
    def running_items(self) -> int:
        return sum(self.size(piece) for piece in self.running.values())

    @property
    def busy(self) -> bool:
        """Something is under way."""
        return bool(self.running)

    @property
    def over(self) -> bool:
        """Nothing is under way, and nothing will be: all is done, or nothing more may be begun."""
        state = self.state
        if self.busy or (state.paused and not state.stopping):
            return False
        return bool(state.stopping) or not (state.todo or state.wishes or state.next_chunk < state.data.chunks)

    @property
    def all_begun(self) -> bool:
        """Nothing is left to begin."""
        state = self.state
        return self.may_begin and not (state.todo or state.wishes or state.next_chunk < state.data.chunks)

    # --- what is next -------------------------------------------------------------------------------------------

    @property
    def may_begin(self) -> bool:
        return not self.state.paused and not self.state.stopping

    def begin_next(self, now: float, most: int | None = None, mode: str = OPEN, past: str = "") -> Piece | float | None:
        """Begin what is next; or so many seconds to wait for the pace. None: nothing may be begun, or nothing is left.

        Wishes are no pieces yet: whoever calls this looks for them first. ``most``: so many items at most.
        """
        if not self.may_begin or (place := self.place(mode)) is None:
            return None
        pace = Pace(self.state.pace, self.state.pace_state)
        piece, rest = self._cut(self._at(place), pace.most if most is None else min(most, pace.most or most))
        if wait := pace.reserve(self.size(piece), now):
            return wait
        return self._begin(replace(piece, begun_at=now, past=past), rest, place)

    def begin_failing(self, now: float, place: int | None, why: str) -> Piece | None:
        """Have what is at this place fail, without a call: so it goes by no pace."""
        if not self.may_begin or place is None:
            return None
        return self._begin(replace(self._at(place), begun_at=now, fail=why), None, place)

    def wanted(self, now: float, most: int | None = None) -> Piece | float | None:
        """As ``begin_next``, and begins nothing; the piece as a whole, if its first ``most`` items may be begun."""
        if not self.may_begin or (place := self.place(OPEN)) is None:
            return None
        pace = Pace(self.state.pace, self.state.pace_state)
        piece, _rest = self._cut(self._at(place), pace.most)
        return pace.wait(min(self.size(piece), most or self.size(piece)), now) or piece

    def _at(self, place: int) -> Piece:
        return Piece(self.state.next_chunk) if place == FRESH else self.state.todo[place]

    def _cut(self, piece: Piece, most: int | None) -> tuple[Piece, Piece | None]:
        """No more than can be reserved at once; the rest is next."""
        if most is None or self.size(piece) <= most:
            return piece, None
        places = piece.only if piece.only is not None else [[0, self.size(piece)]]
        first, rest = _split(places, most)
        return replace(piece, only=first), replace(piece, only=rest)

    def _begin(self, piece: Piece, rest: Piece | None, place: int) -> Piece:
        state = self.state
        state.rounds += 1
        piece = replace(piece, round=state.rounds)
        if place == FRESH:
            state.next_chunk = piece.chunk + 1
        else:
            state.todo.pop(place)
        if rest is not None:
            state.todo.insert(max(place, 0), rest)
        if piece.failed:
            state.failed -= self.size(piece)
        if piece.redo:
            self._degraded(piece, -self.size(piece))
        self.running[piece.round] = piece
        return piece

    # --- what became of it --------------------------------------------------------------------------------------

    def end(self, piece: Piece, done: ChunkDone, now: float) -> None:
        """Count what became of it. What is left of it is run again, before what was not begun yet."""
        state = self.state
        del self.running[piece.round]
        left = common(Ranges(piece.only if piece.only is not None else [(0, self.size(piece))]), done.left)
        ended = self.size(piece) - len(left)
        failed = min(done.failed, ended)
        degraded = min(done.degraded, ended - failed)
        state.failed += failed
        if piece.redo:
            self._degraded(piece, degraded)
        else:
            state.degraded += degraded
            self.count_rungs(done.rungs)
        state.succeeded += ended - failed - degraded
        state.recent.add([ended], now)
        if (costs := done.costs) is not None:
            state.costs.add([costs.items, costs.job, costs.reading, costs.standing, costs.whole], now)
            if state.quick:
                state.busy.add([costs.items, costs.busy], now)
            state.again += max(0, costs.again) if state.plan.service else 0
        if left:
            self._leave(replace(piece, round=0, past="", fail=""), left, done, now)
        if done.error:
            self.stop("source", done.error, now)
        elif piece.only is None and not left:
            self._note_time(piece, now - piece.begun_at)
        self._look_at_tolerance(now)

    def _note_time(self, piece: Piece, seconds: float) -> None:
        """Of whole chunks only: parts of one say nothing about the others."""
        state = self.state
        state.lasted = [*state.lasted, round(seconds, 3)][-KEPT_LASTED:]
        if seconds > state.slowest_seconds:
            state.slowest_chunk, state.slowest_seconds = piece.chunk, round(seconds, 3)

    def _again(self, piece: Piece) -> None:
        """An item that had failed is a failure again until it is begun anew."""
        if piece.failed:
            self.state.failed += self.size(piece)
        if piece.redo:
            self._degraded(piece, self.size(piece))
        self.state.todo.insert(0, piece)

    def _degraded(self, piece: Piece, number: int) -> None:
        self.state.degraded += number
        self.count_rungs({piece.redo: number})

    def _leave(self, piece: Piece, left: Ranges, done: ChunkDone, now: float) -> None:
        """What the circuit refused is held, since it was first; the rest comes before it."""
        held = common(left, done.held) if self.state.plan.on_open else Ranges()
        if len(held):
            self._again(replace(piece, only=held.dump(), held_since=piece.held_since or now))
            self.note_refused(done, now)
        if len(rest := without(left, held)):
            self._again(replace(piece, only=rest.dump()))

    def most_failed_of(self, _piece: Piece) -> int | None:
        """As below, of what this piece belongs to."""
        return self.most_failed

    def conclude(self, now: float) -> None:
        """Before it closes."""

    def told_groups(self) -> dict[str, Any]:
        return {}

    def all_groups(self) -> list[dict[str, Any]]:
        return []

    @property
    def most_failed(self) -> int | None:
        """So many more may fail, and it is not above its tolerance. None: somebody has seen that it is."""
        state = self.state
        may = math.floor(state.plan.tolerated_failure_rate * self.total)
        return None if state.tolerated else max(0, may - state.failed)

    # --- when it is enough --------------------------------------------------------------------------------------

    def _look_at_tolerance(self, now: float) -> None:
        """More have failed than may, whatever becomes of the others."""
        state = self.state
        if state.stopping or state.tolerated or state.paused or not self.above_tolerance:
            return
        said = (
            f"{state.failed:,} of {self.total:,} items failed; "
            f"{100 * state.plan.tolerated_failure_rate:.4g} % would be tolerated"
        )
        if state.plan.on_tolerance == PAUSE:
            self.rest("tolerance", Ordered(reason=said), now)
        else:
            self.stop("tolerance", said, now)

    # --- failed items again -------------------------------------------------------------------------------------

    @property
    def wish(self) -> Wish | None:
        """The wish whose next page is to be looked for.

        An item stays among the failed ones until its new run has ended: so a page comes when the one before is begun,
        and another wish when that one's items have ended, or items would be begun twice.
        """
        state = self.state
        if not self.may_begin or not state.wishes or any(piece.again for piece in state.todo):
            return None
        wish = state.wishes[0]
        under_way = any(piece.again for piece in self.running.values())
        return None if wish.after < 0 and under_way else wish

    def look_for(self, wish: Wish) -> FindFailed:
        """The next page of it."""
        return FindFailed(
            uuid=self.state.uuid,
            chunk_size=self.state.data.chunk_size,
            group=wish.group,
            after=wish.after,
            round=wish.round,
            most=wish.left or 0,
            under_way=sorted(self.running),
        )

    def found(self, wish: Wish, found: FoundFailed) -> None:
        """A page of the failed items of a wish has been found."""
        pieces = [
            Piece(each.chunk, each.places, failed=not wish.redo, redo=each.rung if wish.redo else "")
            for each in found.chunks
        ]
        self.state.todo += pieces
        if wish.left is not None:
            wish.left -= sum(map(self.size, pieces))
        if found.last is None or (wish.left is not None and wish.left <= 0):
            self.state.wishes.remove(wish)
        else:
            wish.after = found.last


def _split(places: Sequence[Sequence[int]], most: int) -> tuple[list[list[int]], list[list[int]]]:
    """The first ``most`` places, and the others."""
    first: list[list[int]] = []
    rest: list[list[int]] = []
    for start, end in places:
        cut = min(start + most, end)
        most -= cut - start
        first += [[start, cut]] if cut > start else []
        rest += [[cut, end]] if end > cut else []
    return first, rest
