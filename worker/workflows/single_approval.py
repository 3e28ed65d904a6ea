"""The approval without levels. Every argument is ``Any``: nothing from outside may wedge it."""

from typing import Any

from temporalio import workflow

from worker import contracts, telling
from worker.workflows.core import Answering, ApprovalCore


@workflow.defn(name="ApprovalWorkflow")
class ApprovalWorkflow(Answering):
    """One approval without levels."""

    @workflow.init
    def __init__(self, request: Any = None, *more: Any) -> None:
        self.core = ApprovalCore(contracts.parse_request(request, amount_needed=False), single=True)

    @workflow.run
    async def run(self, request: Any = None, *more: Any) -> dict[str, Any]:
        return await self.core.run()

    @workflow.signal
    def approve(
        self, approver: Any = "", comment: Any = "", decision_id: Any = "", shown: Any = "", *more: Any
    ) -> None:
        self.core.claim(contracts.APPROVE, "", approver, comment, decision_id, shown)

    @workflow.signal
    def reject(self, reason: Any = "", approver: Any = "", decision_id: Any = "", shown: Any = "", *more: Any) -> None:
        self.core.claim(contracts.REJECT, "", approver, reason, decision_id, shown)

    @workflow.query
    def get_status(self, *more: Any) -> dict[str, Any]:
        told = telling.status(self.core)
        step = told["steps"][0] if told["steps"] else {}
        return {
            **told,
            "approved": bool(step.get("approved")),
            "rejected": bool(step.get("rejected")),
            "rejection_reason": step.get("rejection_reason"),
            "waiting": told["status"] in ("starting", "waiting"),
        }
