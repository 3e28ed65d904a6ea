"""The rules of a MapReduce: its maps count as the chunks of a batch do, then its tree of reduces is climbed. Pure."""

from collections.abc import Callable

from worker.batch_contract import PAUSE, Ordered
from worker.batch_counting import Batch
from worker.mapreduce_state import MapReduceState


class MapReduce(Batch):
    """``groups``: what of the level is being reduced by this run."""

    def __init__(self, whole: MapReduceState, answers: Callable[[], bool] = lambda: True) -> None:
        super().__init__(whole.batch, answers)
        self.whole, self.tree = whole, whole.tree
        self.groups: set[int] = set()

    @property
    def busy(self) -> bool:
        return bool(self.running or self.groups)

    @property
    def mapped(self) -> bool:
        """No map runs, and none is left."""
        state = self.state
        return not (self.running or state.todo or state.wishes or state.next_chunk < state.data.chunks)

    @property
    def over(self) -> bool:
        return super().over and (self.tree.over or bool(self.state.stopping))

    @property
    def levels(self) -> int:
        """Of the whole tree. There is one at least, for what a map returned is no result yet."""
        left, levels = self._groups_of(self.state.data.chunks), 1
        while left > 1:
            left, levels = self._groups_of(left), levels + 1
        return levels

    def _groups_of(self, partials: int) -> int:
        return max(1, -(-partials // self.whole.fan_in))

    def begin_group(self, now: float) -> int | None:
        """The next group to be reduced; None: there is none now."""
        tree = self.tree
        if not self.may_begin or not self.mapped or tree.over:
            return None
        if not tree.level:
            self._climb(self.state.data.chunks)
            self.note("reducing", now)
        if tree.todo:
            group = tree.todo.pop(0)
        elif tree.next_group < tree.groups:
            group = tree.next_group
            tree.next_group += 1
        else:
            return None
        self.groups.add(group)
        return group

    def end_group(self, group: int, now: float, *, done: bool, error: str = "") -> None:
        """``error``: it failed for good, so the whole ends, or waits for somebody. Neither: it was asked to stop."""
        tree = self.tree
        self.groups.remove(group)
        if not done:
            tree.todo.append(group)
            if error:
                self._fail(error, now)
            return
        tree.done += 1
        if tree.done == tree.groups:
            tree.over = tree.groups == 1
            if not tree.over:
                self._climb(tree.groups)

    def _climb(self, partials: int) -> None:
        tree = self.tree
        tree.level += 1
        tree.groups, tree.next_group, tree.done = self._groups_of(partials), 0, 0

    def _fail(self, error: str, now: float) -> None:
        said = f"The reduce {self.whole.reduce} failed, level {self.tree.level} of {self.levels}: {error}"
        if self.state.plan.on_tolerance != PAUSE:
            self.stop("reduce", said, now)
        elif not self.state.paused:
            self.rest("reduce", Ordered(reason=said), now)

    def retry(self, group: str, sample: int, order: Ordered, now: float) -> bool:
        """Not once the partial results are being put together."""
        if not self.tree.level:
            return super().retry(group, sample, order, now)
        self._counts(order, now, "reducing")
        return False
