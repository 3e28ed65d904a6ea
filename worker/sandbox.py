"""The isolation that workflows run in: the same for the worker and for replaying recorded histories. Pure."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = ("worker.contracts",)
"""Pure modules that the sandbox shares instead of loading them again for each run. Never one that holds workflows, nor
a package above one: that switches their isolation off without a word."""


def runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
