"""The isolation that workflows run in: the same for the worker and for replaying recorded histories. Pure."""

from typing import Any

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from worker.workflows.approval import MultiStepApprovalWorkflow
from worker.workflows.circuit import CircuitBreakerWorkflow
from worker.workflows.reconcile import ReconcileWorkflow
from worker.workflows.single_approval import ApprovalWorkflow

WORKFLOWS: list[type[Any]] = [MultiStepApprovalWorkflow, ApprovalWorkflow, CircuitBreakerWorkflow, ReconcileWorkflow]

PASSED_THROUGH = (
    "worker.circuit_contract",
    "worker.circuit_telling",
    "worker.contracts",
    "worker.reading",
    "worker.resilience",
    "worker.state",
    "worker.steps",
    "worker.telling",
)
"""Pure modules that the sandbox shares instead of loading them again for each run. Never one that holds workflows, nor
a package above one: that switches their isolation off without a word."""


def runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
