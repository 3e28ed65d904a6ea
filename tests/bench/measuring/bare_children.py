"""The bare SDK, to compare children of batches with: a window of child workflows, each with one activity.

python -m tests.bench.measuring.bare_children ADDRESS runs its worker.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

QUEUE = "bare-children"
CHILDREN_A_RUN = 500


@dataclass
class Job:
    children: int
    done: int = 0


@activity.defn
async def one(number: int) -> int:
    return number


@workflow.defn
class BareChild:
    @workflow.run
    async def run(self, number: int) -> int:
        return await workflow.execute_activity(one, number, start_to_close_timeout=timedelta(seconds=60))


@workflow.defn
class BareParent:
    """As many children at once as it is told."""

    @workflow.run
    async def run(self, job: Job, parallel: int) -> int:
        last = min(job.children, job.done + CHILDREN_A_RUN)
        numbers = iter(range(job.done, last))

        async def lane() -> None:
            for number in numbers:
                await workflow.execute_child_workflow(
                    BareChild.run, number, id=f"{workflow.info().workflow_id}-{number}"
                )

        await asyncio.gather(*(lane() for _ in range(parallel)))
        if last < job.children:
            job.done = last
            workflow.continue_as_new(args=[job, parallel])
        return job.children


async def serve(address: str) -> None:
    client = await Client.connect(address)
    await Worker(client, task_queue=QUEUE, workflows=[BareParent, BareChild], activities=[one]).run()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
