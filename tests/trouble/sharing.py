"""Two batches on two workers call one service that takes so many calls in so many seconds: what it sees of them."""

import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.trouble.batch_house import BatchHouse
from tests.up.running import until

REGISTER = """
from django.contrib.auth.models import User
from circuits.models import Service
from circuits.services import save_service
service = Service(name="payments", budget_calls={limit}, budget_seconds={seconds})
save_service(service=service, rungs=[], reason="to be watched", by=User.objects.create_superuser("admin"))
"""


class Seen(NamedTuple):
    """``most``: items called for the first time in any of the windows; ``most_of_all``: calls, these and others.

    ``used``: of all that it would have taken; ``lasting``: the same from burst to burst, as it would be over hours.
    """

    most: int
    most_of_all: int
    used: float
    lasting: float
    batches: list[int]
    """Items of each."""


class Sharing(BatchHouse):
    def __init__(self, folder: Path, limit: int, seconds: float) -> None:
        super().__init__(folder)
        self.limit, self.seconds = limit, seconds
        self._manage("shell", "-v", "0", "-c", REGISTER.format(limit=limit, seconds=seconds)).wait(120)
        self.second: subprocess.Popen[bytes] = self._manage("worker")

    def end(self) -> None:
        self._kill(self.second)
        super().end()

    def share(self, duration: float, item_seconds: float = 0.05, kill: bool = False) -> Seen:
        """For so long from the first call on. ``kill``: a worker, in the midst of the second window's calls."""
        items, spec = list(range(10 * self.limit)), {"service": "payments", "chunk_size": 50}
        args = {"seconds": item_seconds}
        handles = [self.start(items, "counted", job_args=args, **spec) for _ in range(2)]
        until(self.calls, "the first call", 120)
        began = min(at for _key, at in self.calls())
        if kill:
            until(lambda: len(self.calls()) >= 1.3 * self.limit, "the second window", self.seconds * 2)
            self.kill_worker()
        self._sleep_until(began + duration)
        for handle in handles:
            self.run(handle.terminate())
        return self._seen([call for call in self.calls() if call[1] < began + duration], duration)

    def _sleep_until(self, at: float) -> None:
        time.sleep(max(0.0, at - time.time()))

    def _seen(self, calls: list[tuple[str, float]], duration: float) -> Seen:
        first: dict[str, float] = {}
        for key, at in sorted(calls, key=lambda call: call[1]):
            first.setdefault(key, at)
        times = list(first.values())
        bursts = (len(times) - 1) // self.limit
        lasting = bursts * self.seconds / (times[bursts * self.limit] - times[0]) if bursts else 0.0
        return Seen(
            most=self._most(times),
            most_of_all=self._most([at for _key, at in calls]),
            used=len(times) / (self.limit * duration / self.seconds),
            lasting=lasting,
            batches=sorted(Counter(key.partition("/")[0] for key in first).values()),
        )

    def _most(self, times: list[float]) -> int:
        return max(sum(first <= at < first + self.seconds for at in times) for first in times)
