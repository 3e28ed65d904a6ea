"""What pages read of the outbox: who was told of what, and who could not be."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from accounts.models import Letter

S = Letter.State
MOST = 2_000
"""Letters of one stream that are looked at: more than any page has to tell of."""


@dataclass(frozen=True)
class Told:
    """The people of one event for whom it came to the same."""

    kind: str
    event: str
    state: str
    why: str
    in_log: bool
    at: datetime
    names: tuple[str, ...]


def told(stream: str) -> list[Told]:
    """In the order of time. What has just been written and what nobody needs any more is no news."""
    rows = Letter.objects.filter(stream=stream, tried_at__isnull=False).exclude(state=S.DROPPED)
    fields = ("kind", "event", "state", "why", "in_log")
    groups: defaultdict[tuple[str, str, str, str, bool], list[tuple[datetime, str]]] = defaultdict(list)
    for *key, at, name in rows.order_by("id").values_list(*fields, "tried_at", "name")[:MOST]:
        kind, event, state, why, in_log = key
        state = S.WAITING if state == S.SENDING else state
        groups[kind, event, state, why, in_log].append((at, name))
    found = [Told(*key, max(at for at, _name in of), tuple(name for _at, name in of)) for key, of in groups.items()]
    return sorted(found, key=lambda one: one.at)


def letters_by_state() -> dict[str, int]:
    counted = dict(Letter.objects.order_by().values_list("state").annotate(number=Count("pk")))
    return {state: counted.get(state, 0) for state in S.values}
