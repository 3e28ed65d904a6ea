"""Which calls arrived, from whom: what the service itself saw, whatever its callers say of themselves."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LATELY = 10
KEPT_CALLERS = 50


@dataclass
class Caller:
    calls: int = 0
    last_at: float = 0.0


class Arrivals:
    """Of one service."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._callers: OrderedDict[str, Caller] = OrderedDict()
        self._seconds: Counter[int] = Counter()

    def note(self, caller: str) -> None:
        now = self._clock()
        known = self._callers.setdefault(caller, Caller())
        known.calls, known.last_at = known.calls + 1, now
        self._callers.move_to_end(caller)
        if len(self._callers) > KEPT_CALLERS:
            self._callers.popitem(last=False)
        self._seconds[int(now)] += 1
        self._forget(int(now))

    def _forget(self, now: int) -> None:
        for second in [second for second in self._seconds if second <= now - LATELY]:
            del self._seconds[second]

    def told(self) -> dict[str, Any]:
        now = self._clock()
        self._forget(int(now))
        callers = {name: {"calls": one.calls, "last_at": one.last_at} for name, one in self._callers.items()}
        lately = sum(one.last_at > now - LATELY for one in self._callers.values())
        return {"lately": self._seconds.total(), "seconds": LATELY, "callers_lately": lately, "callers": callers}
