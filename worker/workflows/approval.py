"""The two approval workflows of the contract, on one core. Every argument is ``Any``: nothing may wedge them."""

from typing import Any

from temporalio import workflow

from worker import contracts
from worker.workflows.core import ApprovalCore


@workflow.defn(name="MultiStepApprovalWorkflow")
class MultiStepApprovalWorkflow:
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

    @workflow.signal
    def withdraw(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.WITHDRAW, "", actor, reason, decision_id)

    @workflow.signal
    def retry_action(self, actor: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.RETRY, "", actor, "", decision_id)

    @workflow.signal
    def give_up(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.GIVE_UP, "", actor, reason, decision_id)

    @workflow.query
    def get_approval_status(self, *more: Any) -> dict[str, Any]:
        return self.core.told()

    @workflow.query
    def get_decision(self, decision_id: Any = "", *more: Any) -> dict[str, Any]:
        return self.core.decision(decision_id)


@workflow.defn(name="ApprovalWorkflow")
class ApprovalWorkflow:
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

    @workflow.signal
    def withdraw(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.WITHDRAW, "", actor, reason, decision_id)

    @workflow.signal
    def retry_action(self, actor: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.RETRY, "", actor, "", decision_id)

    @workflow.signal
    def give_up(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.GIVE_UP, "", actor, reason, decision_id)

    @workflow.query
    def get_status(self, *more: Any) -> dict[str, Any]:
        told = self.core.told()
        step = told["steps"][0] if told["steps"] else {}
        return {
            **told,
            "approved": bool(step.get("approved")),
            "rejected": bool(step.get("rejected")),
            "rejection_reason": step.get("rejection_reason"),
            "waiting": told["status"] in ("starting", "waiting"),
        }

    @workflow.query
    def get_decision(self, decision_id: Any = "", *more: Any) -> dict[str, Any]:
        return self.core.decision(decision_id)
