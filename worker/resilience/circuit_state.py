"""What a circuit breaker is set to, and all that it remembers: plain data that survives as JSON. Pure."""

from dataclasses import dataclass, field

from .windows import RollingCounts

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
FORCED_OPEN, DISABLED, METRICS_ONLY = "forced_open", "disabled", "metrics_only"
OVERRIDES = (FORCED_OPEN, DISABLED, METRICS_ONLY)
"""States that a person sets, and that end by themselves."""
STATES = (CLOSED, OPEN, HALF_OPEN, *OVERRIDES)

KEPT_EVENTS = 20
KEPT_CALLERS = 200
KEPT_ORDERS = 100
KEPT_MINUTES = 120


@dataclass(frozen=True)
class CircuitConfig:
    """When it opens, for how long, and how it tries again. Rates are shares from 0 to 1; None: not looked at."""

    failure_threshold: int = 5
    """Failures in a row that open it."""
    timeout_seconds: float = 60.0
    """How long it stays open before a trial."""
    half_open_attempts: int = 2
    """Trials that have to succeed before it closes; as many may be out at once."""
    probe_lease_seconds: float = 30.0
    """How long a trial may take before its place is given to another."""
    failure_rate: float | None = None
    slow_rate: float | None = None
    slow_seconds: float | None = None
    """A call that takes longer is slow; callers decide it, here it is only kept for them."""
    window_seconds: float = 60.0
    """The time that rates are about."""
    minimum_calls: int = 20
    """With fewer calls in that time a rate says nothing."""
    run_events: int = 1_000
    run_seconds: float = 7 * 86_400.0
    """What one run of its workflow may handle, and how old it may grow, before the next one begins."""


@dataclass
class Probe:
    """A trial call that is out: whose, and until when."""

    lease_id: str
    owner: str
    granted_at: float
    expires_at: float


@dataclass
class Override:
    """A state that a person has set, with why and until when."""

    state: str
    reason: str
    actor: str
    since: float
    until: float


@dataclass
class Event:
    """Something to be written down. ``kind``: "changed" (from -> to), "configured", "refused" (an order that did not
    count) or "reset". ``cause`` is for programs, ``reason`` for people. ``order`` names the click that asked for it."""

    number: int
    at: float
    kind: str
    source: str
    target: str
    cause: str
    reason: str = ""
    actor: str = ""
    caller: str = ""
    sample: str = ""
    until: float | None = None
    order: str = ""


@dataclass
class Minute:
    """What was reported in one minute (``start``: epoch seconds, a multiple of 60), and the worst state in it."""

    start: int
    ok: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0
    fallback: dict[str, int] = field(default_factory=dict)
    state: str = CLOSED


@dataclass
class Totals:
    """Ever since the circuit began."""

    ok: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0
    fallback: dict[str, int] = field(default_factory=dict)


@dataclass
class Seen:
    """The last report of one caller: a resend has no higher number."""

    seq: int
    at: float


@dataclass
class CircuitState:
    """All that survives continue-as-new. Small: every list in it is bounded."""

    state: str = CLOSED
    since: float = 0.0
    clock: float = 0.0
    """The latest time that it was told: time never goes back."""
    failure_count: int = 0
    """Failures in a row."""
    successes: int = 0
    """Trials that went well since it is half open."""
    opened_at: float | None = None
    """When the outage began: kept while trials fail."""
    retry_at: float | None = None
    would_open_at: float | None = None
    """While only observed: when it would have opened."""
    probes: list[Probe] = field(default_factory=list)
    leases: int = 0
    override: Override | None = None
    config: CircuitConfig = field(default_factory=CircuitConfig)
    config_version: int = 0
    lasting_config: CircuitConfig | None = None
    """What comes back when settings that were made for a time end."""
    config_until: float | None = None
    window: RollingCounts = field(default_factory=RollingCounts)
    """Over the window: calls that answered well, failed, were slow."""
    recent: RollingCounts = field(default_factory=lambda: RollingCounts(20.0))
    """For rates: calls, refused, served by a fallback."""
    callers: dict[str, Seen] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    """Ids of the last orders: a second click on the same form changes nothing."""
    interventions: int = 0
    """Orders that counted. An order that was given in view of another number is refused: look again."""
    events: list[Event] = field(default_factory=list)
    events_ever: int = 0
    minutes: list[Minute] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    last_report_at: float | None = None
    last_failure: str = ""
    last_failure_at: float | None = None
    last_failure_by: str = ""
