"""What ``get_state`` of a circuit answers: all that its page shows, as plain JSON, times in epoch seconds. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

from worker.resilience.circuit_state import CircuitState


@dataclass(frozen=True)
class Run:
    """The workflow run that answers."""

    run_id: str
    started_at: float
    events: int
    history_length: int


@dataclass
class Problems:
    """Rubbish that came: how much, and the last of it in words."""

    count: int = 0
    last: str = ""
    at: float | None = None


def told(service: str, state: CircuitState, run: Run, problems: Problems, now: float) -> dict[str, Any]:
    """``transitions``: the last events, oldest first. ``window`` and ``recent`` are sums over the seconds they name."""
    ok, failed, slow = state.window.sums(now) or [0, 0, 0]
    calls, bad, refused, fallback = state.recent.sums(now) or [0, 0, 0, 0]
    return {
        "service": service,
        "state": state.state,
        "since": state.since or None,
        "failure_count": state.failure_count,
        "successes": state.successes,
        "opened_at": state.opened_at,
        "retry_at": state.retry_at,
        "would_open_at": state.would_open_at,
        "override": asdict(state.override) if state.override else None,
        "probes": [asdict(probe) for probe in state.probes if probe.expires_at > now],
        "config": asdict(state.config),
        "config_version": state.config_version,
        "config_until": state.config_until,
        "interventions": state.interventions,
        "transitions": [asdict(event) for event in state.events],
        "window": {"seconds": state.window.seconds, "ok": ok, "failed": failed, "slow": slow},
        "recent": {
            "seconds": state.recent.seconds, "calls": calls, "failed": bad, "refused": refused, "fallback": fallback,
        },
        "minute": asdict(state.minutes[-1]) if state.minutes else None,
        "totals": asdict(state.totals),
        "callers": {name: seen.at for name, seen in state.callers.items()},
        "last_report_at": state.last_report_at,
        "last_failure": {
            "at": state.last_failure_at, "sample": state.last_failure, "caller": state.last_failure_by,
        },
        "run": asdict(run),
        "problems": asdict(problems),
    }  # fmt: skip
