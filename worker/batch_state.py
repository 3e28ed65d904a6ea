"""What a batch remembers: plain data that survives continue-as-new. Pure, and small: no list grows with the data."""

from dataclasses import dataclass, field

from worker.batch_contract import FAIL, SLIDING, BatchSpec
from worker.batch_rungs import on_open_of
from worker.batch_strategy import ACTIVITIES, ATTEMPTS, TERMINATE
from worker.batch_waiting import Waiting
from worker.batch_wire import DataSet
from worker.resilience.history import HistoryBudget
from worker.resilience.pace import Limit, PaceState
from worker.resilience.versioned import Versioned
from worker.resilience.windows import RollingCounts


@dataclass
class Plan:
    """Of the spec what the workflow itself goes by; the job and its arguments lie beside the data."""

    title: str
    job: str = ""
    requester: str = ""
    window: str = SLIDING
    window_pause_seconds: float = 0.0
    chunk_timeout_seconds: float = 300.0
    tolerated_failure_rate: float = 0.10
    on_tolerance: str = FAIL
    service: str = ""
    strategy: str = ACTIVITIES
    parent_close_policy: str = TERMINATE
    wait: bool = True
    child_attempts: int = ATTEMPTS
    group_by: str = ""
    rungs: list[str] = field(default_factory=list)
    """The names of those who serve where the job does not."""
    on_open: str = ""
    """What becomes of items while the circuit is open; "": they wait, as in batches from before there was a choice."""
    hold_seconds: float = 3_600.0


def plan_of(spec: BatchSpec, chooses: bool = True) -> Plan:
    """``chooses``: whether it goes by what is said of an open circuit."""
    same = {name: getattr(spec, name) for name in Plan.__dataclass_fields__ if name not in ("rungs", "on_open")}
    rungs = [rung.name for rung in spec.fallbacks] if chooses else []
    return Plan(**same, rungs=rungs, on_open=on_open_of(spec) if chooses else "")


@dataclass
class Piece:
    """Items of one chunk that are to be run: all of them, or those at these places. ``failed``: they had failed.

    ``round``: its number among all that were ever begun; 0 until it is. ``held_since``: the circuit refused them.
    ``redo``: the rung that had served them. ``past``, ``fail``: as for RunChunk, once it is begun.
    """

    chunk: int
    only: list[list[int]] | None = None
    round: int = 0
    failed: bool = False
    begun_at: float = field(default=0.0, compare=False)
    held_since: float = 0.0
    redo: str = ""
    past: str = ""
    fail: str = ""

    @property
    def again(self) -> bool:
        """They were counted before, and are until they are begun."""
        return self.failed or bool(self.redo)

    @property
    def calls(self) -> bool:
        """Whether its service is called by it."""
        return not (self.past or self.fail)


@dataclass
class GroupState:
    """Items of one value in the column that a batch is grouped by. ``stopped``: too many failed, its rest is left."""

    name: str
    failed: int = 0
    served: int = 0
    stopped: bool = False
    degraded: int = 0
    """Of those that were served."""


@dataclass
class Wish:
    """Failed items that somebody wants run again: which, and how far that has come."""

    group: str
    left: int | None
    """So many more; None: all there are."""
    round: int
    """Those that failed until then: one that fails again is not run for ever."""
    after: int = -1
    redo: bool = False
    """Not failed ones, but those that somebody else served; ``group`` is a rung's name."""


@dataclass
class BatchState:
    """All that survives continue-as-new."""

    uuid: str
    plan: Plan
    data: DataSet
    begun_at: float
    max_parallel: int
    pace: list[Limit] = field(default_factory=list)
    pace_state: PaceState = field(default_factory=PaceState)
    next_chunk: int = 0
    todo: list[Piece] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    succeeded: int = 0
    degraded: int = 0
    failed: int = 0
    rungs: dict[str, int] = field(default_factory=dict)
    """How many of the degraded each rung served, as far as that is known."""
    held_since: float = 0.0
    """Since when all that waits is held; 0: it is not."""
    paused: bool = False
    paused_by: str = ""
    paused_reason: str = ""
    paused_at: float | None = None
    stopping: str = ""
    """Why nothing more is begun: "tolerance", "cancelled" or "source"."""
    stopping_reason: str = ""
    tolerated: bool = False
    """Somebody has seen that it is above its tolerance, and let it go on."""
    rest_until: float = 0.0
    """Of a rolling window: its pause."""
    recent: RollingCounts = field(default_factory=lambda: RollingCounts(60.0))
    """Items that came to an end, for the rate."""
    lasted: list[float] = field(default_factory=list)
    """Seconds that the last whole chunks took, for their median; and the one that took longest ever."""
    slowest_chunk: int = -1
    slowest_seconds: float = 0.0
    orders: list[str] = field(default_factory=list)
    interventions: int = 0
    events: int = 0
    rounds: int = 0
    asked: int = 0
    """How often the service was asked for what is begun next."""
    waiting: Waiting = field(default_factory=Waiting)
    costs: RollingCounts = field(default_factory=lambda: RollingCounts(60.0))
    """Of chunks that ended: items, and milliseconds of their jobs, of reading, of standing in line, in all."""
    busy: RollingCounts = field(default_factory=lambda: RollingCounts(60.0))
    """Of chunks of a quick job that ended: items, and milliseconds of processor time."""
    again: int = 0
    """Calls that the service does not know of yet, beyond one for each item."""
    lent: list[int] = field(default_factory=list)
    """Rounds that the service counts as under way."""
    groups: list[GroupState] = field(default_factory=list)
    written: int = 0
    """How often this was written down: later is newer."""
    runs: int = 1
    quick: bool = False
    """Its job never waits: chunks of it may go together."""


STATE = Versioned("batch", BatchState, version=1)

BUDGET = HistoryBudget(events=1_000, seconds=7 * 86_400.0, length=4_000)
"""Of one run; what is in flight then ends first, which adds to it."""
