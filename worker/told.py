"""What Temporal itself knows of a workflow, as plain data: how it is listed, and how a run ended."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecution


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
