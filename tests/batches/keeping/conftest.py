"""Temporal's own hands on a batch, and a run of the reconciler."""

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from approvals import reconcile
from audit.queries import of_stream
from live import reader
from tests.temporal import until
from worker import client as door


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Nothing that another test has asked, and no seconds in which a row is let be."""
    reader.clear()
    monkeypatch.setattr("batches.reconciling.SURE", 0.1)
    monkeypatch.setattr("batches.reconciling.SETTLED", reconcile.timedelta(0))
    monkeypatch.setattr("batches.reconciling.LATE", reconcile.timedelta(0))


class Outside:
    def __init__(self, house) -> None:
        self.house = house

    def terminate(self, batch, reason="by mistake") -> None:
        self.house.run(batch.handle.terminate(reason=reason))

    def reset(self, batch) -> None:
        """To its beginning, as an operator does it."""
        first = door.describe(batch.handle.id)
        given = ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=batch.handle.id, run_id=first.run_id),
            reason="an operator's",
            workflow_task_finish_event_id=4,
            request_id=batch.handle.id,
        )
        self.house.run(self.house.client.workflow_service.reset_workflow_execution(given))
        until(lambda: door.describe(batch.handle.id).run_id != first.run_id)

    def forget(self, batch) -> None:
        """As Temporal's retention, or an operator, does it."""
        given = DeleteWorkflowExecutionRequest(
            namespace="default", workflow_execution=WorkflowExecution(workflow_id=batch.handle.id)
        )
        self.house.run(self.house.client.workflow_service.delete_workflow_execution(given))
        until(lambda: self._forgotten(batch.handle.id), what="Temporal has forgotten it")

    def _forgotten(self, id: str) -> bool:
        try:
            door.describe(id)
        except door.NotFound:
            return True
        return False


@pytest.fixture
def outside(house):
    return Outside(house)


def kinds(row) -> list[str]:
    return [entry.kind for entry in of_stream(row.stream)]


def run(**more):
    return reconcile.run(**more)
