"""What people order of a batch: each order counts once, and each that does not is answered with the reason. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from worker.batch_contract import Limits, Ordered
from worker.batch_state import BatchState, Wish
from worker.batch_wire import BatchEvent
from worker.resilience.pace import Limit, Pace

KEPT_ORDERS = 100
KEPT_WISHES = 20

OVER, OVERTAKEN = "over", "overtaken"
WHY_NOT = {
    OVER: "It came when the batch was ending.",
    OVERTAKEN: "Something else had been ordered after whoever ordered this had looked.",
    "paused": "It was paused already.",
    "not_paused": "It was not paused.",
    "none_failed": "No item had failed.",
    "none_degraded": "No item was served by another than its job.",
    "too_many": "Enough failed items wait to be run again.",
    "reducing": "All items were mapped, and their partial results were being put together.",
}
"""Why an order does not count, by cause."""


class Steered:
    """A batch as it is steered; how it counts is :class:`worker.batch_counting.Batch`. ``news``: to be written down.

    ``answers``: whether an order that changes nothing is answered. It was not always.
    """

    def __init__(self, state: BatchState, answers: Callable[[], bool]) -> None:
        self.state = state
        self.answers = answers
        self.closing = False
        self.news: list[BatchEvent] = []
        self.slowed = False
        """A lower pace was ordered: what runs goes by the old one."""

    @property
    def total(self) -> int:
        return self.state.data.items

    @property
    def above_tolerance(self) -> bool:
        return self.state.failed > self.state.plan.tolerated_failure_rate * self.total

    def pause(self, order: Ordered, now: float) -> bool:
        if not self._counts(order, now, "paused" if self.state.paused else ""):
            return False
        self.rest("order", order, now)
        return True

    def rest(self, cause: str, order: Ordered, now: float) -> None:
        state = self.state
        state.paused, state.paused_by, state.paused_reason, state.paused_at = True, order.actor, order.reason, now
        self.note("paused", now, cause, order.reason, order)
        self.free()

    def free(self) -> None:
        """Nothing is held by a circuit any more: it is somebody's word that holds it up."""
        raise NotImplementedError

    def resume(self, order: Ordered, now: float) -> bool:
        """Above its tolerance it goes on, too: somebody has seen that."""
        state = self.state
        if not self._counts(order, now, "" if state.paused else "not_paused"):
            return False
        state.tolerated = state.tolerated or self.above_tolerance
        state.paused, state.paused_by, state.paused_reason, state.paused_at = False, "", "", None
        self.note("resumed", now, "order", order.reason, order)
        return True

    def cancel(self, order: Ordered, now: float) -> bool:
        if not self._counts(order, now):
            return False
        self.stop("cancelled", order.reason, now, order)
        return True

    def limit(self, limits: Limits, now: float) -> bool:
        state = self.state
        if not self._counts(limits.order, now):
            return False
        said: list[str] = []
        details: dict[str, Any] = {}
        if limits.max_parallel is not None:
            said.append(f"{limits.max_parallel} chunks at once instead of {state.max_parallel}")
            state.max_parallel = details["max_parallel"] = limits.max_parallel
        if limits.pace is not None:
            said.append(_in_words(limits.pace))
            self.slowed = self.slowed or per_second(limits.pace) < per_second(state.pace)
            pace = Pace(state.pace, state.pace_state)
            pace.change(limits.pace)
            state.pace, state.pace_state = limits.pace, pace.state
            details["pace"] = [asdict(limit) for limit in limits.pace]
        state.waiting.forget(now)
        self._note_order("limited", now, limits.order, ", ".join(said), details)
        return True

    def retry(self, group: str, sample: int, order: Ordered, now: float) -> bool:
        """Run failed items again, before what was not begun yet. They count as failed until they are begun."""
        state = self.state
        hindered = "too_many" if len(state.wishes) >= KEPT_WISHES else "" if state.failed else "none_failed"
        if not self._counts(order, now, hindered):
            return False
        state.wishes.append(Wish(group, sample or None, state.rounds))
        said = f"{sample:,} of the failed items" if sample else "all failed items"
        said += f" of the group {group}" if group else ""
        self._note_order("retried", now, order, said, {"group": group, "sample": sample})
        return True

    def redo(self, rung: str, sample: int, order: Ordered, now: float) -> bool:
        """Have the job try again what others served. They count as degraded until they are begun, and if it fails."""
        state = self.state
        some = state.rungs.get(rung, 0) if rung else state.degraded
        hindered = "too_many" if len(state.wishes) >= KEPT_WISHES else "" if some else "none_degraded"
        if not self._counts(order, now, hindered):
            return False
        state.wishes.append(Wish(rung, sample or None, state.rounds, redo=True))
        said = f"{sample:,} of the degraded items" if sample else "all degraded items"
        said += f" that {rung} served" if rung else ""
        self._note_order("redone", now, order, said, {"group": rung, "sample": sample})
        return True

    def stop(self, cause: str, reason: str, now: float, order: Ordered | None = None) -> None:
        """Nothing more is begun."""
        if self.state.stopping:
            return
        self.state.stopping, self.state.stopping_reason = cause, reason
        self.free()
        self.note("cancelling" if cause == "cancelled" else "failing", now, cause, reason, order)

    def _counts(self, order: Ordered, now: float, hindered: str = "") -> bool:
        """The same order a second time does not, and is not answered again; nor one that came too late, or for nothing.

        Who had not seen what was ordered last is told that first: it says who was first.
        """
        state = self.state
        if order.id and order.id in state.orders:
            return False
        if order.id:
            state.orders = [*state.orders, order.id][-KEPT_ORDERS:]
        overtaken = order.shown is not None and order.shown != state.interventions
        why_not = OVERTAKEN if overtaken else OVER if state.stopping or self.closing else hindered
        if not why_not:
            state.interventions += 1
        elif why_not in (OVER, OVERTAKEN) or self.answers():
            self._note_order("refused", now, order, WHY_NOT[why_not], cause=why_not)
        return not why_not

    def note(self, kind: str, now: float, cause: str = "", reason: str = "", order: Ordered | None = None) -> None:
        order = order or Ordered()
        self.state.events += 1
        self.news.append(BatchEvent(self.state.events, now, kind, cause, reason, order.actor, order.id, order.action))

    def _note_order(
        self,
        kind: str,
        now: float,
        order: Ordered,
        what: str,
        details: dict[str, Any] | None = None,
        cause: str = "order",
    ) -> None:
        self.note(kind, now, cause, order.reason, order)
        self.news[-1] = replace(self.news[-1], what=what, details=details or {})


def per_second(pace: Sequence[Limit]) -> float:
    """In the long run."""
    return min((limit.limit / limit.per_seconds for limit in pace), default=float("inf"))


def _in_words(pace: Sequence[Limit]) -> str:
    said = [f"{limit.limit:,} in {limit.per_seconds:g} s" for limit in pace]
    return f"a pace of {' and '.join(said)}" if said else "no pace"
