"""The signals of a batch, by which people and programs steer it. Every argument is ``Any``, and nothing here raises."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from worker import batch_contract as contract
from worker.batch_contract import Ordered
from worker.batch_counting import Batch
from worker.batch_orders import OVER, WHY_NOT
from worker.batch_wire import BatchEvent, Prepared
from worker.circuit_telling import Problems
from worker.reading import claim_text

Order = Callable[[Batch], bool]

ANSWERED = "orders-that-change-nothing-are-answered"
UNCOUNTED = "cancelled-while-items-are-counted"
SLOWED = "a-lower-pace-holds-what-runs"


class TakesOrders:
    """What is ordered is applied to the counting at once; ``changed`` wakes the loop that works."""

    def __init__(self) -> None:
        self.batch: Batch | None = None
        self.changed = False
        self.handled = 0
        self.problems = Problems()
        self.early: list[tuple[Order, Ordered]] = []
        self.preparing: workflow.ActivityHandle[Prepared] | None = None
        self.cancelled: Ordered | None = None

    def _order(self, apply: Order, order: Ordered) -> None:
        """Before the items are counted it is kept; when all is over the counting refuses it."""
        self.handled += 1
        self.changed = True
        if self.batch is None:
            self.early.append((apply, order))
            self.need_not_prepare()
        else:
            apply(self.batch)
            if not self.batch.may_begin:
                self.ask_to_stop()

    @workflow.signal
    def pause(self, actor: Any = "", reason: Any = "", order_id: Any = "", shown: Any = None, *more: Any) -> None:
        order = contract.read_order("pause", actor, reason, order_id, shown)
        self._order(lambda batch: batch.pause(order, now()), order)

    @workflow.signal
    def resume(self, actor: Any = "", reason: Any = "", order_id: Any = "", shown: Any = None, *more: Any) -> None:
        order = contract.read_order("resume", actor, reason, order_id, shown)
        self._order(lambda batch: batch.resume(order, now()), order)

    @workflow.signal
    def cancel(self, actor: Any = "", reason: Any = "", order_id: Any = "", shown: Any = None, *more: Any) -> None:
        order = contract.read_order("cancel", actor, reason, order_id, shown)
        self._order(lambda batch: batch.cancel(order, now()), order)

    @workflow.signal
    def set_limits(self, limits: Any = None, *more: Any) -> None:
        read, errors = contract.read_limits(limits)
        self.note(errors)
        if read is not None:
            self._order(lambda batch: batch.limit(read, now()), read.order)
            self._slow_down()

    def _slow_down(self) -> None:
        """What runs goes by the old pace: it ends the items of this moment, and the rest is begun by the new one."""
        if self.batch is not None and self.batch.slowed:
            self.batch.slowed = False
            if workflow.patched(SLOWED):
                self.ask_to_stop()

    @workflow.signal
    def retry_failed(
        self,
        actor: Any = "",
        group: Any = "",
        sample: Any = 0,
        reason: Any = "",
        order_id: Any = "",
        shown: Any = None,
        *more: Any,
    ) -> None:
        order = contract.read_order("retry", actor, reason, order_id, shown)
        number, errors = contract.read_sample(sample)
        self.note(errors)
        if not errors:
            name = claim_text(group)[0]
            self._order(lambda batch: batch.retry(name, number, order, now()), order)

    @workflow.signal
    def redo_degraded(
        self,
        actor: Any = "",
        rung: Any = "",
        sample: Any = 0,
        reason: Any = "",
        order_id: Any = "",
        shown: Any = None,
        *more: Any,
    ) -> None:
        order = contract.read_order("redo", actor, reason, order_id, shown)
        number, errors = contract.read_sample(sample)
        self.note(errors)
        if not errors:
            name = claim_text(rung)[0]
            self._order(lambda batch: batch.redo(name, number, order, now()), order)

    def ask_to_stop(self) -> None:
        """Whatever runs."""
        raise NotImplementedError

    def need_not_prepare(self) -> None:
        """Cancelled by somebody before its items were counted: nobody waits for that."""
        cancels = (order for _apply, order in self.early if order.action == "cancel")
        if self.cancelled is not None or (first := next(cancels, None)) is None or self.preparing is None:
            return
        if not self.preparing.done() and workflow.patched(UNCOUNTED):
            self.cancelled = first
            self.preparing.cancel()

    def unbegun(self, number: int, order: Ordered) -> BatchEvent:
        """What became of what was ordered of a batch that never began: one may have ended it."""
        about = (order.reason, order.actor, order.id, order.action)
        if order is self.cancelled:
            return BatchEvent(number, now(), "cancelling", "cancelled", *about)
        return BatchEvent(number, now(), "refused", OVER, *about, WHY_NOT[OVER])

    @workflow.query
    def get_order(self, order_id: Any = "", *more: Any) -> dict[str, Any]:
        """Whether an order has reached it: of the last hundred it knows."""
        name, _is_text = claim_text(order_id)
        early = (order.id for _apply, order in self.early)
        return {"known": bool(name) and name in (*early, *(self.batch.state.orders if self.batch else ()))}

    def note(self, errors: Any) -> None:
        """Rubbish changes nothing; that it came is shown."""
        for error in errors:
            self.problems = Problems(self.problems.count + 1, error, now())


def answers() -> bool:
    return workflow.patched(ANSWERED)


def now() -> float:
    """The workflow's time, epoch seconds."""
    return workflow.now().timestamp()
