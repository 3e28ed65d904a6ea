"""A data set too big for Temporal: loaded, stored, verified, processed by reference, and cleaned up however it ends.

Only a reference of some two hundred bytes passes through the workflow. What it cannot clean up itself, for it was
terminated or ran out of time, the workers do (worker/payloads/clearing.py). Each step is written down beside the work,
which waits for that at its end alone.
"""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError, is_cancelled_exception

from worker import dataset_steps as steps
from worker.dataset_contract import DatasetNews, DatasetSpec, ProcessSet, SetReference, read_spec
from worker.workflows.lasting import ref, surely


@workflow.defn(name="DatasetWorkflow")
class DatasetWorkflow:
    """One data set."""

    @workflow.init
    def __init__(self, spec: Any = None, *more: Any) -> None:
        self.spec, self.errors = read_spec(spec)
        self.state = "loading"
        self.data: SetReference | None = None
        self.steps: list[dict[str, Any]] = []
        self.result: dict[str, Any] | None = None
        self.news = self.written = 0

    @workflow.run
    async def run(self, spec: Any = None, *more: Any) -> dict[str, Any]:
        writing = asyncio.create_task(self._write_down()) if workflow.patched("each-step-is-written-down") else None
        self.result = result = await self._result()
        self._enter(result["status"])
        if writing:
            await surely(lambda: workflow.wait_condition(lambda: self.written == self.news))
        return result

    async def _result(self) -> dict[str, Any]:
        if self.spec is None:
            return {"status": "invalid", "errors": self.errors}
        self._enter("loading")
        outcome = await self._outcome(self.spec)
        self._enter("cleaning")
        cleaned = await self._cleaned(self.spec.load.kind)
        return {**outcome, **self._sizes(), "cleaned": cleaned}

    def _enter(self, state: str) -> None:
        """The step before has ended now. What it has come to in the end is no step."""
        now = workflow.now().timestamp()
        if self.steps:
            self.steps[-1]["until"] = now
        if self.result is None:
            self.steps.append({"step": state, "at": now, "until": None})
        self.state = state
        self.news += 1

    async def _write_down(self) -> None:
        """Whatever is new, until all is written. It holds up neither the work nor the cleaning."""
        while self.result is None or self.written < self.news:
            await workflow.wait_condition(lambda: self.written < self.news)
            number = self.news
            await steps.record_dataset(DatasetNews(ref(), number, self.get_progress(), self.result))
            self.written = number

    async def _outcome(self, spec: DatasetSpec) -> dict[str, Any]:
        try:
            return {"status": "completed", "result": await self._work(spec)}
        except (asyncio.CancelledError, ActivityError) as error:
            if is_cancelled_exception(error):
                return {"status": "cancelled"}
            return {"status": "failed", "step": self.state, "reason": _why(error)}

    async def _work(self, spec: DatasetSpec) -> Any:
        self.data = await steps.load_dataset(spec.load)
        self._enter("verifying")
        await steps.verify_dataset(self.data)
        self._enter("processing")
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
        told: dict[str, Any] = {"errors": self.errors}
        if spec:
            told = {
                "title": spec.title,
                "kind": spec.load.kind,
                "loader": spec.load.loader,
                "loader_args": spec.load.args,
                "processor": spec.processor,
                "processor_args": spec.processor_args,
                "requester": spec.requester,
            }
        return {"state": self.state, **told, **self._sizes(), "steps": [dict(step) for step in self.steps]}


def _why(error: BaseException) -> str:
    """The cause in words."""
    cause = error.cause if isinstance(error, ActivityError) else None
    if isinstance(cause, ApplicationError):
        return cause.message
    if isinstance(cause, TimeoutError):
        return "It took longer than it may, or its worker was not heard of any more."
    return str(cause or error)
