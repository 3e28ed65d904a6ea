"""A circuit breaker as a state machine: what happened, and what time it is, go in; what may be done comes out. Pure.

One machine for all callers. It opens after failures in a row, or at a share of failed or slow calls; stays open for its
time; is then half open and lends so many trials, each for a time; closes when all of them went well. Michael Nygard,
Release It!, chapter "Stability Patterns"; the leases, and overrides that end by themselves, are ours.
"""

from dataclasses import asdict, dataclass, replace

from . import counting
from .circuit_state import (
    CLOSED,
    DISABLED,
    FORCED_OPEN,
    HALF_OPEN,
    KEPT_EVENTS,
    KEPT_ORDERS,
    METRICS_ONLY,
    OPEN,
    CircuitConfig,
    CircuitState,
    Event,
    Override,
    Probe,
)
from .report import Report


@dataclass(frozen=True)
class Grant:
    """The answer to who asks for a trial. ``reason``: a code, "" where it is granted."""

    granted: bool
    lease_id: str = ""
    expires_at: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Order:
    """What a person orders. ``id`` names the click; ``shown`` is the number of interventions they had seen."""

    actor: str = ""
    reason: str = ""
    id: str = ""
    shown: int | None = None


@dataclass(frozen=True)
class Why:
    """What led to an event: ``cause`` for programs, the rest as ``Event`` keeps it."""

    cause: str
    reason: str = ""
    actor: str = ""
    caller: str = ""
    sample: str = ""
    order: str = ""


def by_order(order: Order, cause: str) -> Why:
    """As an event keeps it."""
    return Why(cause, order.reason, actor=order.actor, order=order.id)


class Circuit:
    """One service's circuit. Every method takes the time as epoch seconds, and never raises for what it is given."""

    def __init__(self, state: CircuitState) -> None:
        self.state = state
        self.news: list[Event] = []
        """What happened and is not written down yet; whoever has written it takes it out."""

    # --- time ---------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> float:
        """Let happen what only time brings; the time that counts: it never goes back."""
        state = self.state
        state.clock = now = max(now, state.clock)
        state.since = state.since or now
        if (until_then := state.config_until) is not None and until_then <= now and state.lasting_config:
            self._set_config(state.lasting_config, None, until_then)
            self._note("configured", Why("expired", "The settings were made for a time."), until_then)
        if state.override and state.override.until <= now:
            ended = state.override
            self._go(HALF_OPEN if ended.state == FORCED_OPEN else CLOSED, Why("expired"), ended.until)
        if state.state == OPEN and state.retry_at is not None and state.retry_at <= now:
            self._go(HALF_OPEN, Why("time"), state.retry_at)
        state.probes = [probe for probe in state.probes if probe.expires_at > now]
        return now

    def next_at(self) -> float | None:
        """When time alone changes it next; None: never."""
        state = self.state
        times = [probe.expires_at for probe in state.probes]
        times += [state.retry_at] if state.state == OPEN and state.retry_at is not None else []
        times += [state.override.until] if state.override else []
        times += [state.config_until] if state.config_until is not None else []
        return min(times, default=None)

    # --- calls --------------------------------------------------------------------------------------------------

    def record(self, report: Report, now: float) -> bool:
        """Count a report, and do what follows from it. False: it was counted before."""
        now = self.tick(now)
        if counting.repeated(self.state, report):
            return False
        counting.count(self.state, report, now)
        if report.lease_id:
            self._settle(report, now)
        elif self.state.state in (CLOSED, METRICS_ONLY):
            self._look(report, now)
        return True

    def _look(self, report: Report, now: float) -> None:
        """Has it failed often enough?"""
        state, config = self.state, self.state.config
        longest = report.longest_after(state.failure_count)
        state.failure_count = report.run_after(state.failure_count)
        state.window.add([report.ok, report.failed, report.slow], now)
        cause, reason = "", ""
        if longest >= config.failure_threshold:
            cause, reason = "failures", f"{longest} failures in a row"
        else:
            cause, reason = self._rates(now)
        if cause and state.state == METRICS_ONLY:
            state.would_open_at = state.would_open_at or now
        elif cause:
            state.opened_at = now
            self._go(OPEN, Why(cause, reason, caller=report.caller, sample=report.sample), now)

    def _rates(self, now: float) -> tuple[str, str]:
        config = self.state.config
        if config.failure_rate is None and config.slow_rate is None:
            return "", ""
        ok, failed, slow = self.state.window.sums(now) or [0, 0, 0]
        calls = ok + failed
        if calls < config.minimum_calls:
            return "", ""
        over = f"of {calls} calls in {config.window_seconds:g} s"
        if config.failure_rate is not None and failed >= config.failure_rate * calls:
            return "failure_rate", f"{failed / calls:.0%} {over} failed"
        if config.slow_rate is not None and slow >= config.slow_rate * calls:
            return "slow_rate", f"{slow / calls:.0%} {over} were slow"
        return "", ""

    # --- trials -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: float) -> Grant:
        """A trial for this owner. Who holds one gets the same again, as long as it lasts."""
        now = self.tick(now)
        state = self.state
        if state.state != HALF_OPEN:
            return Grant(False, reason=state.state)
        held = next((probe for probe in state.probes if probe.owner == owner), None)
        if held is None:
            if len(state.probes) + state.successes >= state.config.half_open_attempts:
                return Grant(False, reason="busy")
            state.leases += 1
            held = Probe(f"lease-{state.leases}", owner, now, now + state.config.probe_lease_seconds)
            state.probes.append(held)
        return Grant(True, held.lease_id, held.expires_at)

    def _settle(self, report: Report, now: float) -> None:
        """A trial came back. One whose lease is over, or that is not known, counts as a call and settles nothing."""
        state = self.state
        held = next((probe for probe in state.probes if probe.lease_id == report.lease_id), None)
        if held is None:
            return
        state.probes.remove(held)
        if report.failed:
            self._go(OPEN, Why("probe_failed", "a trial failed", caller=report.caller, sample=report.sample), now)
            return
        if report.ok:
            state.successes += 1
        if state.successes >= state.config.half_open_attempts:
            reason = "1 trial went well" if state.successes == 1 else f"{state.successes} trials went well"
            self._go(CLOSED, Why("probes_ok", reason, caller=report.caller), now)

    # --- orders -------------------------------------------------------------------------------------------------

    def override(self, target: str, seconds: float, order: Order, now: float) -> bool:
        """Set a state for a time; "closed" closes it at once and ends what was set. Whether it counted."""
        now = self.tick(now)
        if not self._counts(order, target, now):
            return False
        override = None if target == CLOSED else Override(target, order.reason, order.actor, now, now + seconds)
        self._go(target, by_order(order, "override"), now, override)
        return True

    def reset(self, order: Order, now: float) -> bool:
        """Closed, and everything that led to opening it forgotten."""
        now = self.tick(now)
        if not self._counts(order, "reset", now):
            return False
        self._go(CLOSED, by_order(order, "reset"), now)
        return True

    def configure(
        self, config: CircuitConfig, now: float, *, version: int = 0, seconds: float | None = None, order: Order
    ) -> bool:
        """New settings, for a time or lasting; the state stays. An older version than the one in force is ignored."""
        now = self.tick(now)
        state = self.state
        if version and version <= state.config_version:
            return False
        if not self._counts(order, "configure", now):
            return False
        state.config_version = version or state.config_version
        if seconds is None and state.config_until is not None and version:
            state.lasting_config = config  # what was set for a time goes on until its end
        else:
            self._set_config(config, None if seconds is None else now + seconds, now)
        self._note("configured", by_order(order, "order"), now, until=state.config_until)
        return True

    def _set_config(self, config: CircuitConfig, until: float | None, now: float) -> None:
        state = self.state
        if until is not None:
            state.lasting_config = state.lasting_config or state.config
        else:
            state.lasting_config = None
        if config.window_seconds != state.window.seconds:
            state.window = replace(state.window, seconds=config.window_seconds, buckets=[])
        if state.state == OPEN and state.retry_at is not None:
            began = state.retry_at - state.config.timeout_seconds
            state.retry_at = max(now, began + config.timeout_seconds)
        state.config, state.config_until = config, until

    def _counts(self, order: Order, wanted: str, now: float) -> bool:
        """Not a second time, and not where somebody else was first in the meantime."""
        state = self.state
        if order.id and order.id in state.orders:
            return False
        if order.id:
            state.orders = [*state.orders, order.id][-KEPT_ORDERS:]
        if order.shown is not None and order.shown != state.interventions:
            self._note("refused", by_order(order, wanted), now)
            return False
        state.interventions += 1
        return True

    # --- what changes -------------------------------------------------------------------------------------------

    def _go(self, target: str, why: Why, now: float, override: Override | None = None) -> None:
        """The only way from one state to the next."""
        state, source = self.state, self.state.state
        if source != target:
            state.since = now
        state.state, state.override = target, override
        state.probes, state.successes = [], 0
        state.retry_at = now + state.config.timeout_seconds if target == OPEN else None
        state.would_open_at = None
        if target in (CLOSED, DISABLED, METRICS_ONLY):
            state.opened_at, state.failure_count = None, 0
            state.window.clear()
        elif target == FORCED_OPEN:
            state.opened_at = now
        counting.mark(state, now)
        self._note("changed", why, now, source=source, until=override.until if override else None)

    def _note(self, kind: str, why: Why, now: float, *, source: str = "", until: float | None = None) -> None:
        state = self.state
        state.events_ever += 1
        event = Event(
            number=state.events_ever,
            at=now,
            kind=kind,
            source=source or state.state,
            target=state.state,
            until=until,
            **asdict(why),
        )
        state.events = [*state.events, event][-KEPT_EVENTS:]
        self.news.append(event)
