"""What crosses the wire of circuits: configs, reports and orders, read by hand from untrusted JSON; what is recorded.

Nothing here raises for rubbish: what does not fit becomes a sentence, and nothing of it is applied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from worker.reading import Reader, claim_text, printable
from worker.resilience.circuit import Order
from worker.resilience.circuit_state import (
    CLOSED,
    KEPT_CALLERS,
    OPEN,
    OVERRIDES,
    STATES,
    CircuitConfig,
    CircuitState,
    Event,
    Minute,
)
from worker.resilience.report import Report
from worker.resilience.versioned import UnreadableState, Versioned

PREFIX = "circuit-"
STATE = Versioned("circuit", CircuitState, version=1)

AHEAD = 60.0
"""Seconds by which the clock of the run before may have been ahead of ours."""
HOUR, WEEK = 3_600.0, 7 * 86_400.0
MAX_COUNT = 1_000_000_000
MAX_SEQ = 2**53
MAX_SERVICE = 200
MAX_RUNGS = 20
MAX_REASON = 1_000
MAX_SAMPLE = 500


def workflow_id_of(service: str) -> str:
    return f"{PREFIX}{service}"


def service_of(given: Any, workflow_id: str) -> str:
    """The name that it was given, else what its workflow id says."""
    text, is_text = claim_text(given, MAX_SERVICE)
    text = text.strip() if is_text else ""
    return text or workflow_id.removeprefix(PREFIX)[:MAX_SERVICE] or "unnamed"


# --- carried state --------------------------------------------------------------------------------------------------


def read_state(given: Any, now: float) -> CircuitState:
    """State that a run was begun with. Raises UnreadableState for what no machine of ours could have left."""
    state = STATE.load(given)
    if wrong := next((said for said, so in _unsound(state, now) if so), ""):
        raise UnreadableState(f"This is no state of a circuit: {wrong}.")
    return state


def _unsound(state: CircuitState, now: float) -> Iterator[tuple[str, bool]]:
    """With any of these it would stand still for ever, or stumble later."""
    override, config, lasting = state.override, state.config, state.lasting_config
    named = {state.state, *(minute.state for minute in state.minutes)}
    yield "it names a state that there is not", not named <= set(STATES)
    yield "its clock is ahead", state.clock > now + AHEAD
    yield "open goes with retry_at", (state.state == OPEN) != (state.retry_at is not None)
    yield (
        "override does not fit its state",
        (override.state if override else "") != (state.state if state.state in OVERRIDES else ""),
    )
    yield "config_until goes with lasting_config", (state.config_until is None) != (lasting is None)
    yield "its settings are not valid", any(read_settings(asdict(each)).errors for each in (config, lasting) if each)
    yield "its window is not that of its settings", state.window.seconds != config.window_seconds
    yield "recent must be over some seconds", state.recent.seconds <= 0
    for counts, size in ((state.window, 3), (state.recent, 4)):
        yield "its counts are not complete", any(len(bucket.counts) != size for bucket in counts.buckets)
    yield "it remembers too many callers", len(state.callers) > KEPT_CALLERS


# --- settings -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """``config`` is None where something is wrong with it. ``seconds``: for so long; None: lasting."""

    config: CircuitConfig | None
    version: int = 0
    seconds: float | None = None
    order: Order = field(default_factory=Order)
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


_ABOUT = {"version", "expires_seconds", "reason", "actor", "order_id", "shown"}


def read_settings(given: Any) -> Settings:
    """Everything left out takes its default: settings are given as a whole."""
    if not isinstance(given, Mapping):
        return Settings(None, errors=("config must be an object.",))
    read = Reader(given)
    values = {
        "failure_threshold": read.whole("failure_threshold", 1, 100_000),
        "timeout_seconds": read.number("timeout_seconds", 0.1, WEEK),
        "half_open_attempts": read.whole("half_open_attempts", 1, 100),
        "probe_lease_seconds": read.number("probe_lease_seconds", 0.1, WEEK),
        "failure_rate": read.number("failure_rate", 0.001, 1),
        "slow_rate": read.number("slow_rate", 0.001, 1),
        "slow_seconds": read.number("slow_seconds", 0.001, WEEK),
        "window_seconds": read.number("window_seconds", 1, 86_400),
        "minimum_calls": read.whole("minimum_calls", 1, 1_000_000),
        "run_events": read.whole("run_events", 1, 2_000),
        "run_seconds": read.number("run_seconds", 1, 30 * 86_400),
    }
    version = read.whole("version", 0, MAX_SEQ) or 0
    seconds = read.number("expires_seconds", 1, WEEK)
    order = _order(read)
    if values["slow_rate"] is not None and values["slow_seconds"] is None:
        read.errors.append("slow_rate needs slow_seconds: from how many seconds on is a call slow?")
    config = CircuitConfig(**{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]
    known = {each.name for each in fields(CircuitConfig)} | _ABOUT
    return Settings(
        None if read.errors else config, version, seconds, order, tuple(read.errors), tuple(read.unknown(known))
    )


def _order(read: Reader) -> Order:
    actor, reason = read.text("actor"), read.text("reason", limit=MAX_REASON)
    return Order(actor, reason, read.text("order_id"), read.whole("shown", 0, MAX_SEQ))


# --- orders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ordered:
    """An override as it could be read; ``target`` is "" where it names no state."""

    target: str
    seconds: float
    order: Order
    errors: tuple[str, ...] = ()


def read_override(state: Any, reason: Any, actor: Any, expires_seconds: Any, order_id: Any, shown: Any) -> Ordered:
    given = {"actor": actor, "reason": reason, "order_id": order_id, "shown": shown, "expires_seconds": expires_seconds}
    read = Reader(given)
    order = _order(read)
    if state not in (*OVERRIDES, CLOSED):
        states = ", ".join((*OVERRIDES, CLOSED))
        return Ordered(
            "", 0.0, order, (*read.errors, f"state must be one of {states}, not {claim_text(state, 80)[0]!r}.")
        )
    seconds = read.number("expires_seconds", 1, WEEK)
    return Ordered(state, HOUR if seconds is None else seconds, order, tuple(read.errors))


def read_order(actor: Any, reason: Any, order_id: Any, shown: Any) -> Order:
    return _order(Reader({"actor": actor, "reason": reason, "order_id": order_id, "shown": shown}))


# --- reports ------------------------------------------------------------------------------------------------------


def read_report(given: Any) -> tuple[Report | None, list[str]]:
    """The report, or None and why: one that is partly rubbish counts nothing."""
    if not isinstance(given, Mapping):
        return None, ["A report must be an object with ok and failed."]
    read = Reader(given)
    counts = {name: read.whole(name, 0, MAX_COUNT) or 0 for name in ("ok", "failed", "slow", "refused")}
    if counts["slow"] > counts["ok"] + counts["failed"]:
        read.errors.append("slow counts more calls than were made.")
    sample, _is_text = claim_text(given.get("sample"), MAX_SAMPLE)
    report = Report(
        **counts,
        fallback=_rungs(read),
        caller=read.text("caller"),
        seq=read.whole("seq", 0, MAX_SEQ) or 0,
        lease_id=read.text("lease_id"),
        trailing_failures=read.whole("trailing_failures", 0, MAX_COUNT),
        longest_run=read.whole("longest_run", 0, MAX_COUNT),
        sample=sample,
    )
    return (None if read.errors else report), read.errors


def _rungs(read: Reader) -> dict[str, int]:
    given = read.given.get("fallback")
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > MAX_RUNGS:
        read.errors.append(f"fallback must be an object of at most {MAX_RUNGS} rungs with a number each.")
        return {}
    inner = Reader({printable(str(name)[:50]): number for name, number in given.items()})
    rungs = {name: inner.whole(name, 0, MAX_COUNT) or 0 for name in inner.given}
    read.errors += [f"fallback: {error}" for error in inner.errors]
    return rungs


# --- what is recorded ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CircuitNews:
    """What an entity has to be written down: events by number, minutes as a whole, and all that it knows."""

    service: str
    workflow_id: str
    run_id: str
    run_started_at: float
    kept: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    minutes: list[Minute] = field(default_factory=list)
