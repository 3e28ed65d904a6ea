"""What a row and its steps should be, by what the workflow says of itself; pure, but for reading names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.models import OPEN, Status, Step
from approvals.recording import moment

TOLERANCE = 1.0
"""Seconds by which deadlines may differ: they have been through JSON."""
_DECIDED = (Step.State.APPROVED, Step.State.REJECTED, Step.State.TIMEOUT)


@dataclass(frozen=True)
class Target:
    """The row's fields, and each step's, as they should be."""

    row: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def differs(self, row: Any, steps: Sequence[Step]) -> list[str]:
        """What is not so, by name: of the row's fields, and steps by their number."""
        found = [name for name, value in self.row.items() if not _same(getattr(row, name), value)]
        for index, wanted in enumerate(self.steps):
            step = next((each for each in steps if each.index == index), None)
            if step is None or not all(_same(getattr(step, name), wanted[name]) for name in ("state", "level")):
                found.append(f"step {index + 1}")
        return found

    def undoes(self, steps: Sequence[Step]) -> list[Step]:
        """Steps with an end on record of which the workflow does not know: it has not heard yet, or was reset."""
        wanted = {index: each["state"] for index, each in enumerate(self.steps)}
        return [step for step in steps if step.state in _DECIDED and wanted.get(step.index) not in _DECIDED]


def target(told: Any) -> Target | None:
    """None while the workflow is between two states, or says nothing that a row could follow."""
    if not isinstance(told, Mapping) or told.get("status") not in Status.values:
        return None
    status, told_steps = Status(told["status"]), told.get("steps")
    if not isinstance(told_steps, list) or status in (Status.NOT_STARTED, Status.TERMINATED):
        return None
    opened = next((step for step in told_steps if step.get("open")), None)
    if status == Status.WAITING and (opened is None or not opened.get("deadline")):
        return None
    row = {
        "status": status,
        "current_step": told.get("current_step", 0),
        "current_level": opened["level"] if opened else "",
        "deadline": moment(opened["deadline"]) if opened else None,
    }
    return Target(row, [_step(each, status in OPEN) for each in told_steps])


def _step(told: Mapping[str, Any], is_open: bool) -> dict[str, Any]:
    state = Step.State.PENDING if is_open else Step.State.SKIPPED
    if told.get("approved"):
        state = Step.State.APPROVED
    elif told.get("rejected"):
        state = Step.State.REJECTED
    elif told.get("timed_out"):
        state = Step.State.TIMEOUT
    elif told.get("open"):
        state = Step.State.OPEN
    decided = state in (Step.State.APPROVED, Step.State.REJECTED)
    return {
        "state": state,
        "level": told.get("level", ""),
        "opened_at": _moment(told.get("opened_at")),
        "deadline": _moment(told.get("deadline")),
        "decided_by_name": (told.get("approved_by") or told.get("rejected_by") or "") if decided else "",
        "on_behalf_of_name": (told.get("on_behalf_of") or "") if decided else "",
        "decided_at": _moment(told.get("approved_at")) if decided else None,
        "known_by": (told.get("known_by") or "") if decided else "",
        "comment": (told.get("comment") or "") if decided else "",
    }


def _moment(seconds: Any) -> datetime | None:
    return moment(seconds) if isinstance(seconds, int | float) and seconds else None


def _same(is_now: Any, wanted: Any) -> bool:
    if isinstance(is_now, datetime) and isinstance(wanted, datetime):
        return abs((is_now - wanted).total_seconds()) < TOLERANCE
    return bool(is_now == wanted)
