"""What Temporal itself knows of a workflow, as plain data: how it is listed, and how a run ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio.api.enums.v1 import PendingActivityState, TimeoutType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecution, WorkflowExecutionDescription

from worker.converter import read


@dataclass(frozen=True)
class Described:
    """A workflow as Temporal lists it. ``status`` is Temporal's word: RUNNING, COMPLETED, TERMINATED, …"""

    workflow_id: str
    run_id: str
    first_run_id: str
    status: str
    history_length: int
    workflow_type: str = ""
    started_at: float = 0.0
    closed_at: float = 0.0


@dataclass(frozen=True)
class Ending:
    """How a run ended: Temporal's word for it, the reason that was given, and by whom it was terminated."""

    status: str
    reason: str = ""
    by: str = ""


def described(found: WorkflowExecution) -> Described:
    return Described(
        workflow_id=found.id,
        run_id=found.run_id,
        first_run_id=found.raw_info.first_run_id,
        status=found.status.name if found.status else "",
        history_length=found.history_length,
        workflow_type=found.workflow_type,
        started_at=found.start_time.timestamp(),
        closed_at=_seconds(found.close_time),
    )


@dataclass(frozen=True)
class Pending:
    """An activity of a running workflow that has not ended. "waiting": since ``since`` no worker has taken it;
    "resting": between two tries; "taken": one has. ``failure``: what the try before ended with.
    ``lost``: that try was not heard of any more, so Temporal gave it up; its worker said nothing.
    ``beat``: what its last heartbeat told, whichever try sent it."""

    kind: str
    state: str
    since: float
    failure: str = ""
    lost: bool = False
    beat: Any = None


def pending(found: WorkflowExecutionDescription, now: float) -> list[Pending]:
    return [_pending(each, now) for each in found.raw_description.pending_activities]


def _pending(given: PendingActivityInfo, now: float) -> Pending:
    waits = given.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    since = (given.scheduled_time if waits else given.last_started_time).ToNanoseconds() / 1e9
    state = "taken" if not waits else "resting" if since > now else "waiting"
    failure = given.last_failure
    silent = failure.timeout_failure_info.timeout_type  # 0 where it is no timeout
    late = silent == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    said = "It took longer than it may." if late else _words(failure)
    lost = silent == TimeoutType.TIMEOUT_TYPE_HEARTBEAT
    return Pending(given.activity_type.name, state, min(since, now), said, lost, _beat(given))


def _words(failure: Failure) -> str:
    """Where the SDK could not read what an activity was given, the cause says why."""
    unread = failure.message.startswith("Failed decoding") and failure.cause.message
    return f"What it works on cannot be had: {unread}" if unread else failure.message


def _beat(given: PendingActivityInfo) -> Any:
    """None where there is none."""
    found = read(given.heartbeat_details.payloads)
    return found[0] if found else None


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def ended(event: HistoryEvent) -> Ending:
    """The last event of a closed run."""
    kind = event.WhichOneof("attributes") or ""
    if kind == "workflow_execution_terminated_event_attributes":
        told = event.workflow_execution_terminated_event_attributes
        return Ending("TERMINATED", told.reason, told.identity)
    if kind == "workflow_execution_failed_event_attributes":
        return Ending("FAILED", event.workflow_execution_failed_event_attributes.failure.message)
    return Ending(kind.removeprefix("workflow_execution_").removesuffix("_event_attributes").upper())
