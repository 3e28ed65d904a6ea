"""The approval by levels. Every argument is ``Any``: nothing from outside may wedge it."""

from typing import Any

from temporalio import workflow

from worker import contracts, telling
from worker.workflows.core import Answering, ApprovalCore


@workflow.defn(name="MultiStepApprovalWorkflow")
class MultiStepApprovalWorkflow(Answering):
    """A request that several levels approve, one after the other."""

    @workflow.init
    def __init__(self, request: Any = None, amount: Any = None, *more: Any) -> None:
        self.core = ApprovalCore(contracts.parse_request(request, amount), single=False)

    @workflow.run
    async def run(self, request: Any = None, amount: Any = None, *more: Any) -> dict[str, Any]:
        return await self.core.run()

    @workflow.signal
    def approve_step(
        self,
        level: Any = "",
        approver: Any = "",
        comment: Any = "",
        decision_id: Any = "",
        shown: Any = "",
        *more: Any,
    ) -> None:
        self.core.claim(contracts.APPROVE, level, approver, comment, decision_id, shown)

    @workflow.signal
    def reject_step(
        self,
        level: Any = "",
        reason: Any = "",
        approver: Any = "",
        decision_id: Any = "",
        shown: Any = "",
        *more: Any,
    ) -> None:
        self.core.claim(contracts.REJECT, level, approver, reason, decision_id, shown)

    @workflow.query
    def get_approval_status(self, *more: Any) -> dict[str, Any]:
        return telling.status(self.core)
