"""What an approval keeps in memory: plain data, shared by the sandbox and so made once and not for each run."""

from dataclasses import dataclass, field
from typing import Any

from worker.contracts import Claim, Parsed, Verdict


@dataclass
class StepState:
    """A level of the chain, as the queries tell it."""

    level: str
    timeout_seconds: float
    opened_at: float | None = None
    deadline: float | None = None
    verdict: Verdict | None = None
    timed_out: bool = False


@dataclass
class Outcome:
    """How a request ends: its status, what the workflow returns, and a reason in words."""

    status: str
    result: dict[str, Any]
    reason: str = ""


@dataclass
class ApprovalState:
    """Where one approval stands. ``phase`` is what claims are judged by, ``status`` what queries tell."""

    parsed: Parsed
    single: bool
    uuid: str = ""
    phase: str = "starting"
    status: str = "starting"
    chain: list[StepState] = field(default_factory=list)
    open_index: int | None = None
    queue: list[Claim] = field(default_factory=list)
    recording: set[str] = field(default_factory=set)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)
    claims_seen: int = 0
    cancelled: bool = False
    action_error: str = ""
    action_rounds: int = 0
