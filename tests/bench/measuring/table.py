"""Figures and how they are told."""

import statistics
from dataclasses import dataclass, field


def median(values: list[float]) -> float:
    return statistics.median(values)


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


@dataclass
class Table:
    """One line per figure: what it is, the figure, what it should be, and whether it is."""

    lines: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str, target: str = "", met: bool | None = None) -> None:
        line = (what, figure, target, {True: "met", False: "MISSED", None: ""}[met])
        self.lines.append(line)
        print(self._row(line), flush=True)

    def say(self) -> None:
        print("\n" + "-" * 118)
        for line in self.lines:
            print(self._row(line))

    def _row(self, line: tuple[str, str, str, str]) -> str:
        return "{:<62} {:>28}  {:<16} {}".format(*line).rstrip()
