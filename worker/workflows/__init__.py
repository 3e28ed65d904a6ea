"""The workflows of the contract; re-imported in the sandbox for each run, so they import pure modules only."""

from typing import Any

from worker.workflows.approval import ApprovalWorkflow, MultiStepApprovalWorkflow

ALL: list[type[Any]] = [MultiStepApprovalWorkflow, ApprovalWorkflow]
