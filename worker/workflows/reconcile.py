"""What the schedule starts: one comparison of the index with Temporal. A run that fails is followed by the next."""

from typing import Any

from temporalio import workflow

from worker import steps


@workflow.defn(name="ReconcileWorkflow")
class ReconcileWorkflow:
    """One activity, one small history; what it found is in the database."""

    @workflow.run
    async def run(self, *more: Any) -> dict[str, int]:
        return await steps.reconcile()
