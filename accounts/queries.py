"""What pages read of what was sent: who was told of what, by mail and by webhook, and who could not be."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from accounts.models import Letter
from accounts.receivers import Delivery, Trace

S = Letter.State
MOST = 2_000
"""Letters of one stream that are looked at: more than any page has to tell of."""
MAIL, WEBHOOK = "mail", "webhook"


@dataclass(frozen=True)
class Told:
    """The people, or the receivers, of one event for whom it came to the same. ``by``: mail or webhook."""

    kind: str
    event: str
    state: str
    why: str
    in_log: bool
    at: datetime
    names: tuple[str, ...]
    by: str = MAIL

    def kept(self) -> dict[str, Any]:
        """As a trace keeps it."""
        return {**asdict(self), "at": self.at.isoformat(), "names": list(self.names)}


def told(stream: str) -> list[Told]:
    """In the order of time. What has just been written and what nobody needs any more is no news."""
    return sorted([*_traced(stream), *by_mail(stream), *by_webhook(stream)], key=lambda one: one.at)


def by_mail(stream: str) -> list[Told]:
    rows = Letter.objects.filter(stream=stream, tried_at__isnull=False).exclude(state=S.DROPPED).order_by("id")
    found = rows.values_list("kind", "event", "state", "why", "in_log", "tried_at", "name")[:MOST]
    return _grouped(found, MAIL)


def by_webhook(stream: str) -> list[Told]:
    rows = Delivery.objects.filter(stream=stream, tried_at__isnull=False).exclude(state=Delivery.State.DROPPED)
    found = rows.order_by("id").values_list("type", "event", "state", "why", "tried_at", "name")[:MOST]
    return _grouped(((*key, False, at, name) for *key, at, name in found), WEBHOOK)


def _grouped(rows: Iterable[tuple[Any, ...]], by: str) -> list[Told]:
    groups: defaultdict[tuple[str, str, str, str, bool], list[tuple[datetime, str]]] = defaultdict(list)
    for kind, event, state, why, in_log, at, name in rows:
        groups[kind, event, S.WAITING if state == S.SENDING else state, why, in_log].append((at, name))
    return [Told(*key, max(at for at, _name in of), tuple(name for _at, name in of), by) for key, of in groups.items()]


def _traced(stream: str) -> list[Told]:
    traces = Trace.objects.filter(stream=stream).values_list("told", flat=True)
    return [
        Told(**{**one, "at": datetime.fromisoformat(one["at"]), "names": tuple(one["names"])})
        for trace in traces
        for one in trace
    ]


def letters_waiting() -> int:
    """By the index of what is due: however many were ever sent."""
    return Letter.objects.filter(state__in=[S.WAITING, S.SENDING]).count()


def deliveries_waiting() -> int:
    return Delivery.objects.filter(state=Delivery.State.WAITING).count()


def deliveries_by_state() -> dict[str, int]:
    counted = dict(Delivery.objects.order_by().values_list("state").annotate(number=Count("pk")))
    return {state: counted.get(state, 0) for state in Delivery.State.values}
