"""When a workflow that lives for months begins a new run: by what it handled, its age, or the server's word. Pure.

A run ends for good at 51,200 events or 50 MB of history (Temporal's documentation, "System limits").
"""

from dataclasses import dataclass

DAY = 86_400.0


@dataclass(frozen=True)
class HistoryBudget:
    """What one run may use up. The server suggests a new run at 4,096 events or 4 MB by default."""

    events: int = 1_000
    """Signals and updates that a run handles."""
    seconds: float = 7 * DAY
    length: int = 4_000
    """Events of its history: a signal takes one, and the task that handles it three more."""

    def spent(self, *, events: int, started_at: float, now: float, length: int, suggested: bool) -> str:
        """Why a new run is due, in words; "" while there is room. Deterministic: all of it is in the history."""
        if suggested:
            return "Temporal suggests it"
        if events >= self.events:
            return f"{events:,} signals and updates"
        if length >= self.length:
            return f"a history of {length:,} events"
        if now - started_at >= self.seconds:
            return f"{(now - started_at) / DAY:.0f} days"
        return ""
