"""What happened to a circuit, for its page: the latest first, trials that failed one after the other as one line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from approvals.recording import moment
from circuits.models import Change

SHOWN = 40


@dataclass(frozen=True)
class Line:
    """One event; ``number_of_trials``: so many trials failed from ``first_at`` to ``at``, and this is the last."""

    number: int
    at: datetime
    kind: str
    source: str
    target: str
    cause: str
    reason: str
    actor: str
    caller: str
    sample: str
    until: datetime | None
    known: str = ""
    number_of_trials: int = 0
    first_at: datetime | None = None


def lines(written: Sequence[Change], told: Mapping[str, Any] | None) -> list[Line]:
    """``written``: the latest first. What the entity tells and has not written down yet comes before them."""
    last = written[0].number if written else 0
    fresh = [_told(one) for one in (told or {}).get("transitions", ()) if one["number"] > last]
    return _gathered([*(_written(one) for one in reversed(written)), *fresh])[::-1]


def _written(change: Change) -> Line:
    names = [name for name in Line.__dataclass_fields__ if hasattr(change, name)]
    return Line(**{name: getattr(change, name) for name in names})


def _told(event: Mapping[str, Any]) -> Line:
    values = {name: event[name] for name in Line.__dataclass_fields__ if name in event}
    until = moment(event["until"]) if event["until"] else None
    return Line(**{**values, "at": moment(event["at"]), "until": until})


def _gathered(events: Iterable[Line]) -> list[Line]:
    """Half open by time and open again by a failed trial, over and over: what a long outage consists of."""
    found: list[Line] = []
    for event in events:
        tried = found[-1] if found else None
        if event.cause != "probe_failed" or tried is None or tried.cause != "time":
            found.append(event)
            continue
        before = found[-2] if len(found) > 1 else None
        if before and before.number_of_trials:
            del found[-2:]
            event = replace(event, number_of_trials=before.number_of_trials + 1, first_at=before.first_at)
        else:
            del found[-1:]
            event = replace(event, number_of_trials=1, first_at=event.at)
        found.append(event)
    return found
