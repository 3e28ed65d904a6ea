"""A data set too big for Temporal: loaded, stored, verified, processed by reference, and cleaned up however it ends.

Only a reference of some two hundred bytes passes through the workflow. What it cannot clean up itself, for it was
terminated or ran out of time, the workers do (worker/payloads/clearing.py).
"""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError, is_cancelled_exception

from worker import dataset_steps as steps
from worker.dataset_contract import DatasetSpec, ProcessSet, SetReference, read_spec
from worker.workflows.lasting import surely


@workflow.defn(name="DatasetWorkflow")
class DatasetWorkflow:
    """One data set."""

    @workflow.init
    def __init__(self, spec: Any = None, *more: Any) -> None:
        self.spec, self.errors = read_spec(spec)
        self.state = "loading"
        self.data: SetReference | None = None

    @workflow.run
    async def run(self, spec: Any = None, *more: Any) -> dict[str, Any]:
        if self.spec is None:
            self.state = "invalid"
            return {"status": "invalid", "errors": self.errors}
        outcome = await self._outcome(self.spec)
        self.state = "cleaning"
        cleaned = await self._cleaned(self.spec.load.kind)
        self.state = outcome["status"]
        return {**outcome, **self._sizes(), "cleaned": cleaned}

    async def _outcome(self, spec: DatasetSpec) -> dict[str, Any]:
        try:
            return {"status": "completed", "result": await self._work(spec)}
        except (asyncio.CancelledError, ActivityError) as error:
            if is_cancelled_exception(error):
                return {"status": "cancelled"}
            return {"status": "failed", "step": self.state, "reason": _why(error)}

    async def _work(self, spec: DatasetSpec) -> Any:
        self.data = await steps.load_dataset(spec.load)
        self.state = "verifying"
        await steps.verify_dataset(self.data)
        self.state = "processing"
        return await steps.process_dataset(ProcessSet(spec.processor, spec.processor_args, self.data))

    async def _cleaned(self, kind: str) -> bool:
        """Whether nothing of it is left; else the workers go on trying."""
        try:
            await surely(lambda: steps.clean_up_dataset(kind))
        except ActivityError:
            return False
        return True

    def _sizes(self) -> dict[str, Any]:
        return {"size": self.data.size, "sha256": self.data.sha256} if self.data else {}

    @workflow.query
    def get_progress(self, *more: Any) -> dict[str, Any]:
        spec = self.spec
        told = {"title": spec.title, "kind": spec.load.kind} if spec else {"errors": self.errors}
        return {"state": self.state, **told, **self._sizes()}


def _why(error: BaseException) -> str:
    """The cause in words."""
    cause = error.cause if isinstance(error, ActivityError) else None
    if isinstance(cause, ApplicationError):
        return cause.message
    if isinstance(cause, TimeoutError):
        return "It took longer than it may, or its worker was not heard of any more."
    return str(cause or error)
