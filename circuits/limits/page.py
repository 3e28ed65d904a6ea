"""What the page of limits shows of each queue, live or as known last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.ordering.words import who
from approvals.recording import moment
from circuits.limits import sums, told
from circuits.limits.asked import queue_names
from circuits.limits.identity import order_in
from circuits.limits.told import Reading
from circuits.models import LimitedQueue, LimitOrder
from live.once import once
from live.queries import Worker, system
from worker.client import QueueTold

HAPPENED = 8


@dataclass(frozen=True)
class Process:
    """A worker process that lives, and what it said of this queue."""

    worker: Worker
    offer: sums.Offer

    @property
    def place(self) -> str:
        return f"{self.worker.host}:{self.worker.pid}"


@dataclass(frozen=True)
class Queue:
    """One queue: what the server says of it, who serves it, what was ordered of it last."""

    name: str
    reading: Reading
    processes: Sequence[Process]
    last: LimitOrder | None
    """The last that has a place in the line, whatever became of it."""
    standing: LimitOrder | None
    """The order behind the limit at the server; None: none of this site's."""

    @property
    def decides(self) -> bool:
        return self.name == settings.TEMPORAL_TASK_QUEUE

    @property
    def told(self) -> QueueTold:
        return self.reading.told or QueueTold()

    @property
    def known(self) -> bool:
        return self.reading.told is not None

    @property
    def set_at(self) -> datetime | None:
        return moment(self.told.set_at) if self.told.set_at else None

    @property
    def set_by(self) -> str:
        return who(self.standing.username, "signed_in", "") if self.standing else self.told.set_by

    @property
    def offers(self) -> list[sums.Offer]:
        return [each.offer for each in self.processes]

    @property
    def sum(self) -> sums.Sum:
        return sums.summed(self.offers)

    @property
    def queue_limit(self) -> float | None:
        """That in force for all workers together, whoever set it; None: only the server's own ceiling."""
        return self.told.effective if self.told.source in ("api", "worker") else None

    @property
    def sentence(self) -> str:
        return sums.sentence(self.offers, self.queue_limit)

    @property
    def holds(self) -> str:
        """ "stopped", "limited" (it waits though places are free), "full", "nobody", or "": nothing waits."""
        if not self.told.backlog:
            return ""
        if not self.processes:
            return "nobody"
        if self.queue_limit == 0:
            return "stopped"
        limited = self.queue_limit is not None or self.sum.total is not None
        if limited and self.sum.free:
            return "limited"
        return "" if self.sum.free else "full"

    @property
    def waiting(self) -> LimitOrder | None:
        """What was ordered and has not reached the server yet."""
        return self.last if self.last and self.last.settled_at is None else None

    @property
    def differs(self) -> LimitOrder | None:
        """What was ordered here last, where the server has something else: set by other means, or lost."""
        last = self.last
        if not self.reading.fresh or last is None or last.state != LimitOrder.State.APPLIED:
            return None
        return last if last.limit != self.told.limit else None


def queues() -> list[Queue]:
    return [queue(name) for name in queue_names()]


def queue(name: str) -> Queue:
    reading = told.read(name)
    standing = order_in(reading.told.set_by) if reading.told else None
    return Queue(name, reading, processes(name), _last(name), standing)


def processes(name: str) -> list[Process]:
    """By our own pulse: Temporal lists killed ones for minutes."""
    living = once(("system",), system).living
    found = [Process(each, _offer(each.serving.get(name))) for each in living if each.serves(name)]
    return sorted(found, key=lambda one: one.worker.started_at)


def _offer(said: Any) -> sums.Offer:
    if not isinstance(said, dict):
        return sums.Offer()
    return sums.Offer(int(said.get("slots") or 0), int(said.get("used") or 0), said.get("per_second"))


def _last(name: str) -> LimitOrder | None:
    return LimitOrder.objects.filter(queue=name, number__isnull=False).order_by("-number").first()


def shown_of(name: str) -> int:
    """The number of the last order that counts, as who looks now has seen it."""
    found = LimitedQueue.objects.filter(name=name).values_list("orders", flat=True).first()
    return found or 0


def happened() -> list[LimitOrder]:
    return list(LimitOrder.objects.order_by("-made_at")[:HAPPENED])


def headline(found: Sequence[Queue]) -> str:
    """The worst, in a sentence."""
    if not any(each.known for each in found):
        return _("The limits are not known now")
    if stopped := [each for each in found if each.queue_limit == 0]:
        return _("%(queue)s is stopped") % {"queue": stopped[0].name}
    if held := [each for each in found if each.holds == "limited"]:
        return _("A limit holds %(queue)s back") % {"queue": held[0].name}
    if any(each.told.limit is not None for each in found):
        return _("Limits are set, and hold nothing back")
    return _("No limit is set")


def read() -> dict[str, Any]:
    """What its region shows."""
    found = queues()
    oldest = min((each.reading.at for each in found if each.reading.at), default=None)
    fresh = all(each.reading.fresh for each in found)
    return {"queues": found, "headline": headline(found), "fresh": fresh, "at": oldest, "happened": happened()}
