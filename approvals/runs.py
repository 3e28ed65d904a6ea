"""What a run of the reconciler goes by and has seen; and who else has rows to be compared in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from approvals.looking import Found


@dataclass
class Report:
    """What a run has seen and done."""

    compared: int = 0
    repaired: int = 0
    differing: int = 0
    said: list[str] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.repaired += found.mended
        self.differing += found.differs
        if found.sentence:
            self.said.append(found.sentence)

    def join(self, other: "Report") -> None:
        self.compared += other.compared
        self.repaired += other.repaired
        self.differing += other.differing
        self.said += other.said


class Pace:
    """So many a second, and not more."""

    def __init__(self, a_second: float) -> None:
        self._between = 1 / a_second
        self._next = 0.0

    def wait(self) -> None:
        now = time.monotonic()
        time.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + self._between


@dataclass(frozen=True)
class Run:
    """What those who compare other rows in the same run go by: change nothing if it is ``dry``, end by ``until``."""

    dry: bool
    asking: bool
    all_rows: bool
    forgotten: bool
    until: float
    pace: Pace


others: list[Callable[[Run], Report]] = []


def also(compare: Callable[[Run], Report]) -> None:
    """Have other rows compared in each run, too."""
    if compare not in others:
        others.append(compare)
