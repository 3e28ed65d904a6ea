"""A workflow of another program, on a queue of its own, that asks people for a decision."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.temporal import InProcess


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, request: dict[str, Any]) -> Any:
        return await workflow.execute_child_workflow(
            "MultiStepApprovalWorkflow", request, id=f"{workflow.info().workflow_id}-child", task_queue="leitstand"
        )


@contextmanager
def parents(address: str) -> Iterator[None]:
    """A worker for it, with the SDK's own converter: nothing of Leitstand's."""

    async def serve(over: asyncio.Event, up: Callable[[], None]) -> None:
        connected = await Client.connect(address)
        runner = UnsandboxedWorkflowRunner()
        async with Worker(connected, task_queue="elsewhere", workflows=[Parent], workflow_runner=runner):
            up()
            await over.wait()

    worker = InProcess(serve)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
