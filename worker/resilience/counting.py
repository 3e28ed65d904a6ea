"""What a circuit counts: by minute, over its windows and for ever; each report once. Pure."""

from .circuit_state import (
    CLOSED,
    DISABLED,
    FORCED_OPEN,
    HALF_OPEN,
    KEPT_CALLERS,
    KEPT_MINUTES,
    METRICS_ONLY,
    OPEN,
    CircuitState,
    Minute,
    Seen,
    Totals,
)
from .report import Report

MINUTE = 60
_WORSE = (CLOSED, DISABLED, METRICS_ONLY, HALF_OPEN, OPEN, FORCED_OPEN)


def repeated(state: CircuitState, report: Report) -> bool:
    """Whether this report of this caller has been counted already."""
    seen = state.callers.get(report.caller)
    return bool(report.caller and report.seq and seen and report.seq <= seen.seq)


def count(state: CircuitState, report: Report, now: float) -> None:
    """Into the minute of ``now`` (epoch seconds), the totals, and the last 20 s that rates are told of."""
    if report.caller and report.seq:
        _remember(state, report, now)
    for kept in (minute_of(state, now), state.totals):
        _add(kept, report)
    calls = report.ok + report.failed
    state.recent.add([calls, report.failed, report.refused, sum(report.fallback.values())], now)
    state.last_report_at = now
    if report.failed:
        state.last_failure, state.last_failure_at, state.last_failure_by = report.sample, now, report.caller


def _remember(state: CircuitState, report: Report, now: float) -> None:
    state.callers[report.caller] = Seen(report.seq, now)
    while len(state.callers) > KEPT_CALLERS:
        del state.callers[min(state.callers, key=lambda name: state.callers[name].at)]


def _add(kept: Minute | Totals, report: Report) -> None:
    kept.ok += report.ok
    kept.failed += report.failed
    kept.slow += report.slow
    kept.refused += report.refused
    for rung, number in report.fallback.items():
        kept.fallback[rung] = kept.fallback.get(rung, 0) + number


def minute_of(state: CircuitState, now: float) -> Minute:
    """That of now; beyond so many that nobody has fetched, the oldest are put together."""
    start = int(now // MINUTE) * MINUTE
    if not state.minutes or state.minutes[-1].start < start:
        state.minutes.append(Minute(start, state=state.state))
    while len(state.minutes) > KEPT_MINUTES:
        _merge(state.minutes.pop(0), state.minutes[0])
    return state.minutes[-1]


def _merge(old: Minute, into: Minute) -> None:
    _add(into, Report(old.ok, old.failed, old.slow, old.refused, old.fallback))
    into.state = worse(old.state, into.state)


def mark(state: CircuitState, now: float) -> None:
    """The minute's worst state, after a change."""
    minute = minute_of(state, now)
    minute.state = worse(minute.state, state.state)


def worse(one: str, other: str) -> str:
    """Of two states the one that a minute is remembered by."""
    return max(one, other, key=_WORSE.index)
