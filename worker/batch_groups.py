"""A batch whose chunks are groups of its items, as by tenant: each fails for itself, the others go on. Pure."""

import math
from bisect import bisect_right
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from worker.batch_children import safe
from worker.batch_counting import Batch
from worker.batch_state import BatchState, GroupState, Piece, Wish
from worker.batch_wire import ChunkDone, FailedPlaces, FoundFailed
from worker.resilience.ranges import Ranges

TOLD = 50
"""Groups that are told apart; all are counted."""
WAITING, RUNNING, ENDED, STOPPED = "waiting", "running", "ended", "stopped"


def counting(state: BatchState, answers: Callable[[], bool]) -> Batch:
    return Grouped(state, answers) if state.groups else Batch(state, answers)


def groups_of(names: Sequence[str]) -> list[GroupState]:
    return [GroupState(name) for name in names]


class Grouped(Batch):
    """The tolerance is each group's own: above it what is left of the group is not run, and the others go on."""

    def name_of(self, chunk: int) -> str:
        """As a part of an id."""
        return safe(self.state.groups[chunk].name, chunk)

    def most_failed_of(self, piece: Piece) -> int | None:
        group = self.state.groups[piece.chunk]
        return max(0, self._may(piece.chunk) - group.failed)

    def _may(self, chunk: int) -> int:
        return math.floor(self.state.plan.tolerated_failure_rate * self.state.data.items_of(chunk))

    # --- counting -----------------------------------------------------------------------------------------------

    def _begin(self, piece: Piece, rest: Piece | None, place: int) -> Piece:
        begun = super()._begin(piece, rest, place)
        group = self.state.groups[piece.chunk]
        group.failed -= self.size(piece) if piece.failed else 0
        if piece.redo:
            group.served -= self.size(piece)
            group.degraded -= self.size(piece)
        return begun

    def end(self, piece: Piece, done: ChunkDone, now: float) -> None:
        state, group = self.state, self.state.groups[piece.chunk]
        failed, degraded, served = state.failed, state.degraded, state.succeeded + state.degraded
        super().end(piece, done, now)
        group.degraded += state.degraded - degraded
        group.failed += state.failed - failed
        group.served += state.succeeded + state.degraded - served
        if group.failed > self._may(piece.chunk):
            group.stopped = True
            state.todo = [each for each in state.todo if each.chunk != piece.chunk or each.again]

    def _look_at_tolerance(self, now: float) -> None:
        """Each group has its own."""

    @property
    def held(self) -> int:
        """Where all is held, but for the rest of groups that were stopped: that waits for nothing."""
        return sum(self._held().values())

    def _held(self) -> dict[int, int]:
        """By chunk."""
        held, state = dict[int, int](), self.state
        if state.held_since:
            running = self._running()
            for chunk, group in enumerate(state.groups):
                left = state.data.items_of(chunk) - group.failed - group.served - running.get(chunk, 0)
                held[chunk] = 0 if group.stopped else left
            return held
        for piece in state.todo:
            if piece.held_since and not piece.again:
                held[piece.chunk] = held.get(piece.chunk, 0) + self.size(piece)
        return held

    def _running(self) -> dict[int, int]:
        running = dict[int, int]()
        for piece in self.running.values():
            running[piece.chunk] = running.get(piece.chunk, 0) + self.size(piece)
        return running

    def conclude(self, now: float) -> None:
        """What has ended in groups that were stopped has failed as a whole, and says which."""
        stopped = [group.name or "(none)" for group in self.state.groups if group.stopped]
        if stopped and not self.state.stopping:
            named = ", ".join(name[:40] for name in stopped[:5]) + (", …" if len(stopped) > 5 else "")
            share = f"{100 * self.state.plan.tolerated_failure_rate:.4g} %"
            said = f"More than {share} failed in {len(stopped):,} of {len(self.state.groups):,} groups: {named}"
            self.stop("tolerance", said, now)

    # --- failed items again -------------------------------------------------------------------------------------

    def found(self, wish: Wish, found: FoundFailed) -> None:
        """They are found by the chunks that they lie in."""
        size, chunks = self.state.data.chunk_size, dict[tuple[int, str], Ranges]()
        for each in found.chunks:
            for start, end in each.places:
                for number in range(each.chunk * size + start, each.chunk * size + end):
                    group = bisect_right(self.state.data.starts, number) - 1
                    chunks.setdefault((group, each.rung), Ranges()).add(number - self.state.data.starts[group])
        pieces = [FailedPlaces(group, places.dump(), rung) for (group, rung), places in sorted(chunks.items())]
        super().found(wish, replace(found, chunks=pieces))

    # --- what it tells ------------------------------------------------------------------------------------------

    def told_groups(self) -> dict[str, Any]:
        """Those that want to be looked at first."""
        groups = self.all_groups()
        states = [group["state"] for group in groups]
        rank = {STOPPED: 0, RUNNING: 1, WAITING: 2, ENDED: 2}
        first = sorted(groups, key=lambda group: (rank[group["state"]], -group["failed"]))[:TOLD]
        return {
            "group_by": self.state.plan.group_by,
            "groups": first,
            "groups_by_state": {state: states.count(state) for state in (WAITING, RUNNING, ENDED, STOPPED)},
        }

    def all_groups(self) -> list[dict[str, Any]]:
        running, held = self._running(), self._held()
        return [self._told(n, self._state(n, group, running), held) for n, group in enumerate(self.state.groups)]

    def _state(self, chunk: int, group: GroupState, running: Container[int]) -> str:
        if chunk in running:
            return RUNNING
        if group.stopped:
            return STOPPED
        return ENDED if group.failed + group.served >= self.state.data.items_of(chunk) else WAITING

    def _told(self, chunk: int, state: str, held: Mapping[int, int]) -> dict[str, Any]:
        group = self.state.groups[chunk]
        return {
            "name": group.name,
            "items": self.state.data.items_of(chunk),
            "served": group.served,
            "degraded": max(0, group.degraded),
            "failed": group.failed,
            "held": held.get(chunk, 0),
            "state": state,
        }
