"""What the server says of a queue, asked once for all who look; where it does not answer, what it said last."""

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from worker import client
from worker.client import QueueTold

FRESH_FOR = 0.9
"""Seconds for which an answer will do: a page reads once a second."""
COOL_DOWN = 1.0
"""Seconds after a failure in which nobody asks again."""


@dataclass(frozen=True)
class Reading:
    """``told`` None: it never answered this process. Not ``fresh``: as of ``at``."""

    told: QueueTold | None = None
    at: datetime | None = None
    fresh: bool = False


@dataclass
class _Known:
    turn: threading.Lock = field(default_factory=threading.Lock)
    reading: Reading = field(default_factory=Reading)
    until: float = float("-inf")
    """On the monotonic clock: so long it is not asked again."""


_known: dict[str, _Known] = {}


def read(queue: str) -> Reading:
    """Whoever asks meanwhile waits for the one who does."""
    known = _known.setdefault(queue, _Known())
    with known.turn:
        if time.monotonic() >= known.until:
            known.reading, holds = _asked(queue, known.reading)
            known.until = time.monotonic() + holds
        return known.reading


def _asked(queue: str, before: Reading) -> tuple[Reading, float]:
    try:
        return Reading(client.queue_told(queue), datetime.now(UTC), fresh=True), FRESH_FOR
    except client.ClientError:
        return replace(before, fresh=False), COOL_DOWN


def expire(queue: str) -> None:
    """It was changed just now: what was said before no longer counts as fresh."""
    if known := _known.get(queue):
        known.until = float("-inf")
