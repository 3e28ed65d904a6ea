"""The isolation that workflows run in: the same for the worker and for replaying recorded histories. Pure."""

from typing import Any

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from worker.workflows.approval import MultiStepApprovalWorkflow
from worker.workflows.batch import BatchWorkflow
from worker.workflows.batch_child import BatchChildWorkflow
from worker.workflows.circuit import CircuitBreakerWorkflow
from worker.workflows.dataset import DatasetWorkflow
from worker.workflows.mapreduce import MapReduceWorkflow
from worker.workflows.reconcile import ReconcileWorkflow
from worker.workflows.scheduled import ScheduledBatchWorkflow
from worker.workflows.single_approval import ApprovalWorkflow
from worker.workflows.traffic import TrafficWorkflow

WORKFLOWS: list[type[Any]] = [
    MultiStepApprovalWorkflow,
    ApprovalWorkflow,
    BatchWorkflow,
    BatchChildWorkflow,
    CircuitBreakerWorkflow,
    DatasetWorkflow,
    MapReduceWorkflow,
    ReconcileWorkflow,
    ScheduledBatchWorkflow,
    TrafficWorkflow,
]

PASSED_THROUGH = (
    "worker.batch_asking",
    "worker.batch_binding",
    "worker.batch_children",
    "worker.batch_contract",
    "worker.batch_counting",
    "worker.batch_groups",
    "worker.batch_orders",
    "worker.batch_rungs",
    "worker.batch_state",
    "worker.batch_steps",
    "worker.batch_strategy",
    "worker.batch_telling",
    "worker.batch_together",
    "worker.batch_wire",
    "worker.circuit_contract",
    "worker.circuit_telling",
    "worker.clock_wire",
    "worker.contracts",
    "worker.dataset_contract",
    "worker.dataset_steps",
    "worker.mapreduce_contract",
    "worker.mapreduce_counting",
    "worker.mapreduce_state",
    "worker.mapreduce_steps",
    "worker.mapreduce_telling",
    "worker.mapreduce_wire",
    "worker.reading",
    "worker.resilience",
    "worker.state",
    "worker.steps",
    "worker.telling",
    "worker.traffic",
)
"""Pure modules that the sandbox shares instead of loading them again for each run. Never one that holds workflows, nor
a package above one: that switches their isolation off without a word."""


def runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
